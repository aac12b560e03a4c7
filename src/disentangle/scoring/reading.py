"""Codes and factors in files: what of which file is read, and what is said of a file of another kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from disentangle.data.foreign import told
from disentangle.errors import InputError, did_you_mean
from disentangle.scoring import archives, tables

SAVED = {
    (".pt", ".pth"): "Save a tensor by np.save(path, tensor.numpy()).",
    (".pkl", ".pickle", ".joblib"): "Load it in Python and save its array by np.save(path, array).",
    (".mat",): "Save an array by np.save(path, scipy.io.loadmat(file)['name']).",
    (".h5", ".hdf5", ".hdf"): "Save an array by np.save(path, h5py.File(file)['name'][:]).",
    (".parquet", ".feather", ".xlsx", ".xls", ".json"): "Read it by pandas, and save it by table.to_csv(path).",
    (".safetensors",): "Save an array by np.save(path, safetensors.numpy.load_file(file)['name']).",
}
"""How to save what other files hold, by the ends of their names."""


def read_codes(path: Path, array: str | None = None, without: list[str] | None = None) -> Any:
    """Return codes as a file holds them: an array of a ``.npy`` or ``.npz``, or a table of numbers.

    Of a table, columns ``without`` those are the codes. Raises InputError for a file that is not there, damaged, or of
    another kind.
    """

    def table() -> Any:
        found = tables.read(path, bare=True)
        return found if without is None else found.drop(columns=without)

    return _read(path, lambda: archives.codes(path, array), array is None, table)


def read_factors(
    path: Path,
    arrays: list[str] | None = None,
    columns: list[str] | None = None,
    codes: str | None = None,
    unnamed: bool = False,
) -> Any:
    """Return factors as a file holds them: an array (N, K), arrays (N,) by name, or a table with a header.

    They are those ``arrays`` of a ``.npz``, none of which is that of the ``codes``, and those ``columns`` of a table. A
    table may be ``unnamed`` if its columns are named elsewhere. Raises InputError for a file that is not there,
    damaged, or of another kind.
    """

    def table() -> Any:
        found = tables.read(path, bare=False, unnamed=unnamed)
        for name in columns or ():
            if name not in found:
                raise InputError(f"{told(path)}: no column '{told(name, 60)}': {did_you_mean(name, map(str, found))}")
        return found if columns is None else found[columns]

    if columns is not None and not tables.is_table(path):
        raise InputError(f"{told(path)}: found no table; allowed: one, where columns of it are named.")
    return _read(path, lambda: archives.factors(path, arrays, codes), arrays is None, table)


def read_both(
    codes: Path,
    factors: Path,
    array: str | None = None,
    arrays: list[str] | None = None,
    columns: list[str] | None = None,
    unnamed: bool = False,
) -> tuple[Any, Any]:
    """Return codes and factors, which may lie in one file: a ``.npz``, or a table with ``columns`` of factors.

    Raises InputError as :func:`read_codes` and :func:`read_factors` do, and for one file that does not tell them apart.
    """
    one, packed = are_same(codes, factors), codes.suffix.lower() == ".npz"
    if one and not packed and columns is None:
        allowed = "a table, with --factor-columns NAME,... for the factors, or an .npz of several arrays"
        raise InputError(f"{told(codes)}: found one file for codes and factors; allowed: {allowed}.")
    beside = archives.codes_in(codes, array) if one and packed else None
    read = read_factors(factors, arrays, columns, beside, unnamed)
    return read_codes(codes, array, columns if one else None), read


def are_same(one: Path, other: Path) -> bool:
    """Say whether two paths are of one file that is there, by whatever links."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _read(path: Path, of_archive: Callable[[], Any], whole: bool, of_table: Callable[[], Any]) -> Any:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return of_archive()
    if not whole:
        raise InputError(f"{told(path)}: found no .npz; allowed: one, where arrays in it are named.")
    if suffix == ".npy":
        return archives.array(path)
    if tables.is_table(path):
        return of_table()
    allowed = ", ".join((".npz", ".npy", *tables.SUFFIXES))
    advice = "".join(f" {how}" for suffixes, how in SAVED.items() if suffix in suffixes)
    raise InputError(f"{told(path)}: found a name that ends in '{told(path.suffix)}'; allowed: {allowed}.{advice}")
