"""Reports and figures: every number in them is read from the files of their cells."""


def report_input(wildcards):
    cells = explained(lambda: outputs.report_cells(PARAMS, wildcards.report))
    manifests = [
        dataset_folder(*key) / dataset_files.MANIFEST
        for key in outputs.datasets_of(cells)
    ]
    return manifests + [cell.folder / name for cell in cells for name in REPORTED]


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
        digest=digest(lambda params, w: plan.report(params, w.report)),
    shell:
        "{STAGE} report {wildcards.report} --digest {params.digest} > {log} 2>&1"


def figure_of(wildcards):
    """Return a figure's name, dataset and, if it is of one, method."""
    dataset, _, method = wildcards.subject.partition("/")
    return wildcards.figure, dataset, method or None


def figure_input(wildcards):
    figure = figure_of(wildcards)
    cells = explained(lambda: outputs.figure_cells(PARAMS, *figure))
    folder = dataset_folder(PARAMS.scale, figure[1])
    needed = registry.constant("figures", figure[0], "NEEDS")["files"]
    return [folder / name for name in dataset_files.names()] + [
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


CELLS = outputs.all_report_cells(PARAMS)


rule index:
    input:
        [cell.folder / name for cell in CELLS for name in ("run.json", "timing.json")],
        [
            dataset_folder(*key) / dataset_files.MANIFEST
            for key in outputs.datasets_of(CELLS)
        ],
        [f"reports/{name}.md" for name in outputs.shown_reports(PARAMS)],
        "reports/claims.json" if "claims" in outputs.shown_reports(PARAMS) else [],
        [
            outputs.figure_path(*figure).with_suffix(suffix)
            for figure in outputs.all_figures(PARAMS)
            for suffix in (".svg", ".json")
        ],
    output:
        params.INDEX,
    log:
        "logs/index.log",
    params:
        digest=digest(lambda params, w: plan.index(params)),
    shell:
        "{STAGE} index --digest {params.digest} > {log} 2>&1"
