"""The graph: dataset -> training per (method, lam, seed) -> codes -> probes -> reports. `snakemake --cores 8 reports/table3.md`."""

from snakemake.utils import min_version

min_version("9.18")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


rule all:
    """What params.yaml names under `targets`, with every file of every cell that it rests on."""
    default_target: True
    input:
        everything,
