"""Official files and generated datasets."""


rule fetch:
    """Download an official file, or check one that was placed in data/raw."""
    output:
        "data/raw/{archive}",
    log:
        "logs/fetch/{archive}.log",
    params:
        stage=stage,
    shell:
        "{params.stage} fetch {output} > {log} 2>&1"


rule generate:
    """Make a dataset: its images with their factors, and the manifest that says what they are made of."""
    input:
        reads(dataset_job),
    output:
        update(DATASET),
    log:
        "logs/generate/{scale}/{dataset}.log",
    params:
        stage=stage,
        options=options(dataset_job),
    shell:
        "{params.stage} generate --scale {wildcards.scale} --dataset {wildcards.dataset}"
        " {params.options} > {log} 2>&1"
