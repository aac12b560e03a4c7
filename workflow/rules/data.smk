"""Official files and generated datasets."""


rule fetch:
    output:
        "data/raw/{archive}",
    log:
        "logs/fetch/{archive}.log",
    shell:
        "{STAGE} fetch {output} > {log} 2>&1"


rule generate:
    input:
        lambda w: explained(lambda: plan.official_files(PARAMS, w.scale, w.dataset)),
    output:
        expand(DATASETS / "{{scale}}/{{dataset}}/{name}", name=dataset_files.names()),
    log:
        "logs/generate/{scale}/{dataset}.log",
    params:
        digest=digest(lambda params, w: plan.generate(params, w.scale, w.dataset)),
    shell:
        "{STAGE} generate --scale {wildcards.scale} --dataset {wildcards.dataset}"
        " --digest {params.digest} > {log} 2>&1"
