"""Reports, figures and pages: every number in them is read from the files of their cells."""


rule report:
    """Write a report, the table it shows, and its main numbers: reports/table3.md, reports/STUDY/NAME.md."""
    input:
        reads(lambda w: JOBS.report(report_of(w))),
    output:
        update("{folder}/{report}.md"),
        report(
            update("{folder}/{report}.csv"),
            caption="../report/table.rst",
            category=paper_of,
            subcategory="Reports",
            labels={"report": "{report}", "as": "table"},
        ),
        update("{folder}/{report}.json"),
    log:
        "logs/report/{folder}/{report}.log",
    wildcard_constraints:
        folder=rf"(?!(?:{explained(drawn_reports)})\.)reports(?:/\w+)?",
    params:
        stage=stage,
        options=options(lambda w: JOBS.report(report_of(w))),
        name=lambda w: explained(lambda: report_of(w)),
    shell:
        "{params.stage} report {params.name} {params.options} > {log} 2>&1"


use rule report as drawn_report with:
    output:
        update("{folder}/{report}.md"),
        report(
            update("{folder}/{report}.csv"),
            caption="../report/table.rst",
            category=paper_of,
            subcategory="Reports",
            labels={"report": "{report}", "as": "table"},
        ),
        update("{folder}/{report}.json"),
        report(
            update("{folder}/{report}.svg"),
            caption="../report/picture.rst",
            category=paper_of,
            subcategory="Reports",
            labels={"report": "{report}", "as": "picture"},
        ),
    wildcard_constraints:
        folder=rf"(?=(?:{explained(drawn_reports)})\.)reports(?:/\w+)?",


rule figure:
    """Draw a figure of a dataset, or of a method on it, and write the table it shows."""
    input:
        reads(lambda w: JOBS.figure(*figure_of(w))),
    output:
        report(
            update("{folder}/figures/{figure}/{subject}.svg"),
            caption="../report/figure.rst",
            category=paper_of,
            subcategory="Figures: {figure}",
            labels={"figure": "{figure}", "of": "{subject}"},
        ),
        update("{folder}/figures/{figure}/{subject}.csv"),
        update("{folder}/figures/{figure}/{subject}.json"),
    log:
        "logs/figure/{folder}/{figure}/{subject}.log",
    wildcard_constraints:
        folder=rf"(?!(?:{explained(animated_figures)})/)reports(?:/\w+)?",
    params:
        stage=stage,
        options=options(lambda w: JOBS.figure(*figure_of(w))),
        name=lambda w: explained(lambda: figure_of(w)[0]),
        subject=lambda w: " ".join(w.subject.split("/")),
    shell:
        "{params.stage} figure {params.name} {params.subject} {params.options} > {log} 2>&1"


use rule figure as animated_figure with:
    output:
        report(
            update("{folder}/figures/{figure}/{subject}.svg"),
            caption="../report/figure.rst",
            category=paper_of,
            subcategory="Figures: {figure}",
            labels={"figure": "{figure}", "of": "{subject}", "as": "picture"},
        ),
        report(
            update("{folder}/figures/{figure}/{subject}.gif"),
            caption="../report/figure.rst",
            category=paper_of,
            subcategory="Figures: {figure}",
            labels={"figure": "{figure}", "of": "{subject}", "as": "frames"},
        ),
        update("{folder}/figures/{figure}/{subject}.csv"),
        update("{folder}/figures/{figure}/{subject}.json"),
    wildcard_constraints:
        folder=rf"(?=(?:{explained(animated_figures)})/)reports(?:/\w+)?",


rule page:
    """Write the page of a study, which holds all its reports and figures: reports/STUDY/index.html."""
    input:
        reads(lambda w: JOBS.page(w.study)),
    output:
        update("reports/{study}/index.html"),
        update("reports/{study}/index.json"),
    log:
        "logs/page/{study}.log",
    params:
        stage=stage,
        options=options(lambda w: JOBS.page(w.study)),
    shell:
        "{params.stage} page {wildcards.study} {params.options} > {log} 2>&1"


rule front:
    """Write the front page, reports/index.html, with everything of every study behind it."""
    input:
        reads(lambda w: JOBS.front()),
    output:
        update(FRONT),
    log:
        "logs/front.log",
    params:
        stage=stage,
        options=options(lambda w: JOBS.front()),
    shell:
        "{params.stage} front {params.options} > {log} 2>&1"
