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
        "logs/encode/" + CELL + ".log",
    resources:
        gpu=1,
    params:
        digest=digest(lambda params, w: plan.encode(params, cell_of(w))),
    shell:
        "{STAGE} encode "
        + CELL_OPTIONS
        + " --threads {threads} --digest {params.digest} > {log} 2>&1"


rule probe:
    """Fit the classifiers of one cell to its codes."""
    input:
        DATASET,
        RUNS / CELL / "codes.npz",
    output:
        RUNS / CELL / "probe.json",
    log:
        "logs/probe/" + CELL + ".log",
    params:
        digest=digest(lambda params, w: plan.probe(params, cell_of(w))),
    shell:
        "{STAGE} probe "
        + CELL_OPTIONS
        + " --threads {threads} --digest {params.digest} > {log} 2>&1"


rule measure:
    """Measure the codes of one cell with the metrics."""
    input:
        DATASET,
        RUNS / CELL / "run.json",
        RUNS / CELL / "codes.npz",
    output:
        RUNS / CELL / "metrics.json",
    log:
        "logs/measure/" + CELL + ".log",
    params:
        digest=digest(lambda params, w: plan.measure(params, cell_of(w))),
    shell:
        "{STAGE} measure "
        + CELL_OPTIONS
        + " --threads {threads} --digest {params.digest} > {log} 2>&1"
