"""Official files and generated datasets."""


rule fetch:
    output:
        "data/raw/{archive}",
    log:
        "logs/fetch/{archive}.log",
    shell:
        "{STAGE} fetch {output} > {log} 2>&1"


def generation(params, wildcards):
    """Return the digest of a dataset, after a look at the user's own files if it is to be made of them."""
    plan.check_raw_files(params, wildcards.scale, wildcards.dataset)
    return plan.generate(params, wildcards.scale, wildcards.dataset)


rule generate:
    input:
        lambda w: explained(lambda: plan.official_files(PARAMS, w.scale, w.dataset)),
    output:
        DATASET,
    log:
        "logs/generate/{scale}/{dataset}.log",
    params:
        digest=digest(generation),
    shell:
        "{STAGE} generate --scale {wildcards.scale} --dataset {wildcards.dataset}"
        " --digest {params.digest} > {log} 2>&1"
