"""Training: the only stage that wants a GPU. An interrupted job goes on from data/resume."""


rule train:
    """Train one cell: a dataset, a method, a strength lam and a seed."""
    input:
        reads(lambda w: JOBS.train(cell_of(w))),
    output:
        [update(RUNS / CELL / name) for name in TRAINED],
    log:
        f"logs/train/{CELL}.log",
    resources:
        gpu=1,
    params:
        stage=stage,
        cell=CELL_OPTIONS,
        options=options(lambda w: JOBS.train(cell_of(w))),
    shell:
        "{params.stage} train {params.cell} --threads {threads} {params.options} > {log} 2>&1"
