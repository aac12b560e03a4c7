"""Training: the only stage that wants a GPU. An interrupted job goes on from data/resume."""


rule train:
    """Train one cell: a dataset, a method, a strength lam and a seed."""
    input:
        DATASET,
        lambda w: explained(lambda: plan.weight_files(PARAMS, cell_of(w))),
    output:
        expand(RUNS / CELL / "{name}", name=TRAINED, allow_missing=True),
    log:
        f"logs/train/{CELL}.log",
    resources:
        gpu=1,
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        digest=digest(lambda params, w: plan.train(params, cell_of(w))),
    shell:
        "{params.stage} train {params.cell} --threads {threads} --digest {params.digest} > {log} 2>&1"
