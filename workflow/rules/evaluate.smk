"""Codes of a trained cell, and what is measured on them. Nothing here retrains."""


rule encode:
    """Write the codes of a trained cell."""
    input:
        DATASET,
        RUNS / CELL / "checkpoint.safetensors",
        RUNS / CELL / "run.json",
    output:
        RUNS / CELL / "codes.npz",
    log:
        f"logs/encode/{CELL}.log",
    resources:
        gpu=1,
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        digest=digest(lambda params, w: plan.encode(params, cell_of(w))),
    shell:
        "{params.stage} encode {params.cell} --threads {threads} --digest {params.digest} > {log} 2>&1"


rule probe:
    """Fit the classifiers of one cell to its codes."""
    input:
        DATASET,
        RUNS / CELL / "run.json",
        RUNS / CELL / "codes.npz",
    output:
        RUNS / CELL / "probe.json",
    log:
        f"logs/probe/{CELL}.log",
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        digest=digest(lambda params, w: plan.probe(params, cell_of(w))),
    shell:
        "{params.stage} probe {params.cell} --threads {threads} --digest {params.digest} > {log} 2>&1"


rule measure:
    """Measure the codes of one cell with the metrics."""
    input:
        DATASET,
        RUNS / CELL / "run.json",
        RUNS / CELL / "codes.npz",
    output:
        RUNS / CELL / "metrics.json",
    log:
        f"logs/measure/{CELL}.log",
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        digest=digest(lambda params, w: plan.measure(params, cell_of(w))),
    shell:
        "{params.stage} measure {params.cell} --threads {threads} --digest {params.digest} > {log} 2>&1"
