"""Codes of a trained cell, and what is measured on them. Nothing here retrains."""


rule encode:
    """Write the codes of a trained cell."""
    input:
        reads(lambda w: JOBS.encode(cell_of(w))),
    output:
        update(RUNS / CELL / CODES),
    log:
        f"logs/encode/{CELL}.log",
    resources:
        gpu=1,
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        options=options(lambda w: JOBS.encode(cell_of(w))),
    shell:
        "{params.stage} encode {params.cell} --threads {threads} {params.options} > {log} 2>&1"


rule probe:
    """Fit the classifiers of one cell to its codes."""
    input:
        reads(lambda w: JOBS.evaluate("probe", cell_of(w))),
    output:
        update(RUNS / CELL / "probe.json"),
    log:
        f"logs/probe/{CELL}.log",
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        options=options(lambda w: JOBS.evaluate("probe", cell_of(w))),
    shell:
        "{params.stage} probe {params.cell} --threads {threads} {params.options} > {log} 2>&1"


rule measure:
    """Measure the codes of one cell with the metrics."""
    input:
        reads(lambda w: JOBS.evaluate("measure", cell_of(w))),
    output:
        update(RUNS / CELL / "metrics.json"),
    log:
        f"logs/measure/{CELL}.log",
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        options=options(lambda w: JOBS.evaluate("measure", cell_of(w))),
    shell:
        "{params.stage} measure {params.cell} --threads {threads} {params.options} > {log} 2>&1"
