"""Reports: every number in them is read from the files of their cells."""


def report_input(wildcards):
    cells = explained(lambda: params.report_cells(PARAMS, wildcards.report))
    manifests = [
        dataset_folder(*key) / dataset_files.MANIFEST
        for key in params.datasets_of(cells)
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
