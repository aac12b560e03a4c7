"""Reports and figures: every number in them is read from the files of their cells."""


def report_name(wildcards):
    """Return a report's file name in src/disentangle/reports, which is its path below reports/."""
    study = getattr(wildcards, "study", None)
    return f"{study}/{wildcards.report}" if study else wildcards.report


def report_input(wildcards):
    cells = explained(lambda: outputs.report_cells(PARAMS, report_name(wildcards)))
    manifests = [
        dataset_folder(*key) / dataset_files.MANIFEST
        for key in outputs.datasets_of(cells)
    ]
    return manifests + [
        cell.folder / name for cell in cells for name in STUDIES[cell.study].reported
    ]


rule report:
    input:
        report_input,
    output:
        "reports/{report}.md",
        "reports/{report}.csv",
        "reports/{report}.json",
    log:
        "logs/report/{report}.log",
    params:
        digest=digest(lambda params, w: plan.report(params, report_name(w))),
        name=report_name,
    shell:
        "{STAGE} report {params.name} --digest {params.digest} > {log} 2>&1"


use rule report as study_report with:
    output:
        "reports/{study}/{report}.md",
        "reports/{study}/{report}.csv",
        "reports/{study}/{report}.json",
        "reports/{study}/{report}.svg",
    log:
        "logs/report/{study}/{report}.log",


def figure_of(wildcards):
    """Return a figure's name, dataset and, if it is of one, method."""
    dataset, _, method = wildcards.subject.partition("/")
    return wildcards.figure, dataset, method or None


def figure_input(wildcards):
    figure = figure_of(wildcards)
    cells = explained(lambda: outputs.figure_cells(PARAMS, *figure))
    folder = dataset_folder(PARAMS.scale, figure[1])
    needed = registry.constant("figures", figure[0], "NEEDS")["files"]
    return [folder / dataset_files.MANIFEST] + [
        cell.folder / name for cell in cells for name in needed
    ]


rule figure:
    input:
        figure_input,
    output:
        "reports/figures/{figure}/{subject}.svg",
        "reports/figures/{figure}/{subject}.csv",
        "reports/figures/{figure}/{subject}.json",
    log:
        "logs/figure/{figure}/{subject}.log",
    params:
        digest=digest(lambda params, w: plan.figure(params, *figure_of(w))),
        subject=lambda w: w.subject.replace("/", " "),
    shell:
        "{STAGE} figure {wildcards.figure} {params.subject} --digest {params.digest} > {log} 2>&1"


def page_input(page):
    """Return all that the page of a study reads."""
    pages = {str(known.page): name for name, known in STUDIES.items()}
    if page not in pages:
        raise InputError(f"{page}: no such page; allowed: {', '.join(pages)}.")
    study = pages[page]
    cells = outputs.all_report_cells(PARAMS, study)
    reports = [f"reports/{name}.md" for name in outputs.shown_reports(PARAMS, study)]
    claims = STUDIES[study].page.with_name("claims.md")
    return (
        [cell.folder / name for cell in cells for name in ("run.json", "timing.json")]
        + [
            dataset_folder(*key) / dataset_files.MANIFEST
            for key in outputs.datasets_of(cells)
        ]
        + reports
        + ([claims.with_suffix(".json")] if str(claims) in reports else [])
        + [
            outputs.figure_path(*figure).with_suffix(suffix)
            for figure in outputs.all_figures(PARAMS, study)
            for suffix in (".svg", ".json")
        ]
    )


rule index:
    input:
        lambda w: page_input(str(STUDIES["burns"].page)),
    output:
        STUDIES["burns"].page,
    log:
        "logs/index.log",
    params:
        digest=digest(lambda params, w: plan.index(params, "burns")),
        study="burns",
    shell:
        "{STAGE} index {params.study} --digest {params.digest} > {log} 2>&1"


use rule index as study_index with:
    input:
        lambda w: explained(lambda: page_input(f"reports/{w.study}/index.html")),
    output:
        "reports/{study}/index.html",
    log:
        "logs/index/{study}.log",
    params:
        digest=digest(lambda params, w: plan.index(params, w.study)),
        study=lambda w: w.study,
