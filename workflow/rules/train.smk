"""Training: the only stage that wants a GPU. An interrupted job goes on from data/resume."""


rule train:
    """Train one cell: a dataset, a method, a strength lam and a seed."""
    input:
        DATASET,
    output:
        expand(
            RUNS / CELL.replace("{", "{{").replace("}", "}}") / "{name}",
            name=TRAINED,
        ),
    log:
        "logs/train/" + CELL + ".log",
    resources:
        gpu=1,
    params:
        digest=digest(lambda params, w: plan.train(params, cell_of(w))),
    shell:
        "{STAGE} train "
        + CELL_OPTIONS
        + " --threads {threads} --digest {params.digest} > {log} 2>&1"
