"""How to read the scores of two models: a script, and cells for an editor that knows `# %%`."""

# %% [markdown]
# # Reading the scores of two models
#
# Two models of the same data: one gives each factor a code of its own, one mixes them by a rotation. Both hold the same
# information.

# %%
import numpy as np
import pandas as pd

from disentangle import score
from disentangle.metrics import dci, mig

rng = np.random.default_rng(0)
rows = 1500
factors = pd.DataFrame(
    {
        "shape": rng.choice(["heart", "oval", "square"], size=rows),  # text is discrete
        "size": rng.integers(5, size=rows),  # so are whole numbers
        "angle": rng.uniform(0, 2 * np.pi, size=rows),  # numbers with fractions are continuous
    }
)

# %% [markdown]
# ## Codes
# A code for each factor and two of noise; and the same codes, rotated.

# %%
plain = np.column_stack([factors["shape"].astype("category").cat.codes, factors["size"] / 2, factors["angle"] / 3])
plain = np.hstack([plain + 0.1 * rng.normal(size=plain.shape), rng.normal(size=(rows, 2))])
rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
models = {"plain": plain, "rotated": plain @ rotation}

# %% [markdown]
# ## One metric, as a function
# Options are arguments, and `help(mig)` says what they are.

# %%
for name, codes in models.items():
    print(name, mig(codes, factors, bins=20), dci(codes, factors, seed=1))

# %% [markdown]
# ## Several, with what they are worth
# `chance` is of codes that know nothing, `ceiling` of perfect ones. A rotation costs what asks for axes (MIG, DCI), and
# not what a linear map undoes (R² of `identifiability`).

# %%
chosen = ["mig", "dci", "infomec", "identifiability"]
results = {name: score(codes, factors, metrics=chosen, chance=2) for name, codes in models.items()}
for name, result in results.items():
    print(f"\n{name}\n{result}")

# %% [markdown]
# ## How sure is that?
# A metric that draws points says something else at each draw: `repeats` gives the mean and its interval.

# %%
repeated = score(models["plain"], factors, metrics=["sap", "irs"], repeats=5, chance=0)
print(repeated.table()[["metric", "value", "low", "high"]])
print(*repeated.remarks, sep="\n")  # which factors a metric cannot take

# %% [markdown]
# ## Keep it

# %%
print(len(results["plain"].to_json()), "letters of JSON")
share = {name: result["mig"]["mig"] / result.as_dict()["ceiling"]["mig"]["mig"] for name, result in results.items()}
print("MIG as a share of what is possible:", {name: round(value, 2) for name, value in share.items()})
