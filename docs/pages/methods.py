"""A page for every method: what it declares, its options, how to run it, its published numbers."""

from __future__ import annotations

import math

from bench.api import Method, MethodInfo
from bench.datasets.catalogue import shipped_cards
from bench.plugins.listing import listed_methods
from bench.plugins.options import describe_options
from bench.views.dataset_list import size_text
from bench.views.published.numbers import PublishedResult, read_published

from . import published, text

_OPINIONS = {
    None: "nobody says whether opinion scores were used",
    True: "opinion-aware: developed with human opinion scores",
    False: "opinion-unaware: developed without human opinion scores",
}
_FITTED = {"ou": "a model of pristine photographs", "fit": "a regression on ratings"}
_FIT = {"ou": "{name} --pristine clean_photos", "fit": "--features {of} --train my_ratings"}


def pages() -> dict[str, str]:
    """Return file name → page of every method, and the page that lists them."""
    methods = listed_methods()
    numbers = read_published()
    return {"index": _index(methods), **{text.file_name(m.info.name): _page(m, numbers) for m in methods}}


def links() -> dict[str, str]:
    """Return name or alias of a method → its page, seen from a page of another kind."""
    found = {}
    for method in listed_methods():
        for name in (*method.info.aliases, method.info.name):
            found[name] = f"../methods/{text.file_name(method.info.name)}.md"
    return found


def _index(methods: list[type[Method]]) -> str:
    families: dict[str, list[list[str]]] = {}
    for method in methods:
        info = method.info
        opinions = {None: "undeclared", True: "opinion-aware", False: "opinion-unaware"}[info.opinion_aware]
        row = [f"[{text.prose(info.name)}]({text.file_name(info.name)}.md)", text.prose(info.summary), _weights(method)]
        families.setdefault(f"{opinions}, {info.family.value}", []).append(row)
    parts = [text.section(name, text.table(["method", "", "weights"], rows)) for name, rows in families.items()]
    about = (
        "What every method is, and what it needs. `bench list methods` says which of them are ready on your machine. "
        "Methods of your own: [the first number](../../guides/first_number.md)."
    )
    hidden = "\n".join(["```{toctree}", ":hidden:", "", *(text.file_name(m.info.name) for m in methods), "```"])
    return text.page("Methods", about, *parts, hidden)


def _page(method: type[Method], numbers: list[PublishedResult]) -> str:
    info = method.info
    own = [row for row in numbers if row.method == info.name.removeprefix("pyiqa:")]
    datasets = {name: f"../datasets/{text.file_name(name)}.md" for name in shipped_cards()}
    return text.page(
        text.prose(info.name),
        text.prose(info.summary[:1].upper() + info.summary[1:]) + ".",
        _facts(method, datasets),
        text.section("Use it", text.code(_commands(method))),
        text.section("Options", _options(method)),
        text.section("Published numbers", published.table(own, "dataset", datasets)),
        text.section("Cite", text.linked(info.citation), text.code([f"bench cite {info.name}"])),
    )


def _facts(method: type[Method], datasets: dict[str, str]) -> str:
    info = method.info

    def sets(names: tuple[str, ...]) -> str:
        return ", ".join(f"[{name}]({datasets[name]})" if name in datasets else text.prose(name) for name in names)

    return text.facts(
        {
            "family": info.family.value,
            "opinions": _OPINIONS[info.opinion_aware],
            "trained on": sets(info.trained_on) or "no dataset",
            "tuned on": sets(info.selected_on),
            "score": f"{_range(info)}; {'higher' if info.higher_is_better else 'lower'} is better",
            "image": f"{info.input.colour}, {_size(info)}",
            "weights": _weights(method),
            "licence": text.prose(info.licence),
            "version": text.prose(info.version),
            "also called": ", ".join(f"`{name}`" for name in info.aliases),
            "measures": ", ".join(info.tags),
            "random": "scores depend on `--seed`" if info.stochastic else "",
        }
    )


def _range(info: MethodInfo) -> str:
    low, high = (f"{bound:g}" if math.isfinite(bound) else "" for bound in info.score_range)
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"{high} or less" if high else "any number"


def _size(info: MethodInfo) -> str:
    resize = str(info.input.resize)
    return "at full size" if resize == "none" else f"resized ({resize})"


def _weights(method: type[Method]) -> str:
    """Return what a method needs: pyiqa's name their files in `weights`, those over features their method in `of`."""
    if of := getattr(method, "of", None):
        base = _weights(of).removeprefix("-")
        return ", ".join(filter(None, [base, f"{_FITTED[method.info.name.partition(':')[0]]} that you fit"]))
    own = [f"`{one.path.name}` ({size_text(one.size or 0)})" for one in method.downloads()]
    others = [text.prose(str(one)) for one in getattr(method, "weights", ())]
    return ", ".join([*own, *others]) or "-"


def _commands(method: type[Method]) -> list[str]:
    name = method.info.name
    if of := getattr(method, "of", None):
        source = _FIT[name.partition(":")[0]].format(name=name, of=of.info.name)
        model = f" --option {name}.model=FILE"
        return [f"bench fit {source} --output FILE", f"bench run --method {name}{model} --dataset my_photos"]
    fetch = [f"bench fetch weights {name}"] if method.downloads() else []
    return [*fetch, f"bench score photo.jpg --method {name}", f"bench run --method {name} --dataset my_photos"]


def _options(method: type[Method]) -> str:
    name = method.info.name
    rows = [
        [f"`{name}.{one.name}`", text.prose(one.type), f"`{one.default}`" if one.default else "-", text.prose(one.help)]
        for one in describe_options(method.Options)
    ]
    return text.table(["`--option`", "type", "default", ""], rows) if rows else ""
