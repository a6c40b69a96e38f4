"""Prints the architecture from the source: the sub-packages, what each is for, and the imports between them.

``python docs/architecture.py`` prints it, ``--write`` puts it into CONTRIBUTING.md, and a test keeps it true there. A
module that imports another one counts once for each that it imports, also inside functions; imports for type checkers
alone do not count.
"""

import argparse
import ast
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ("hearsay", "asr", "indexer", "search_ui")
BEGIN: Final = "<!-- architecture: begin; written by docs/architecture.py --write -->"
END: Final = "<!-- architecture: end -->"


class Import(NamedTuple):
    """The sub-package of a module, and that of a module that it imports."""

    importer: str
    imported: str


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints the sub-packages and the imports between them.")
    parser.add_argument("--write", action="store_true", help="write it into CONTRIBUTING.md")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout that is read (default: this one)")
    options = parser.parse_args()
    text = describe(options.root)
    if options.write:
        document = options.root / "CONTRIBUTING.md"
        document.write_text(insert(document.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        print(text)


def insert(document: str, text: str) -> str:
    """The document with ``text`` between the two markers."""
    before, _, rest = document.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def describe(root: Path) -> str:
    """The tree of sub-packages and the tables of imports, as Markdown."""
    modules = read_modules(root)
    packages = sorted(".".join(folder.relative_to(root).parts) for folder in package_folders(root))
    imports = list(find_imports(modules, packages))
    lines = ["```", *tree(modules, packages), "```", "", *totals(imports), "", *import_table(imports, packages)]
    return "\n".join(lines)


def read_modules(root: Path) -> dict[str, ast.Module]:
    """The syntax tree of every module of a package, by its full name; a package's own is that of ``__init__.py``."""
    modules = {}
    for folder in package_folders(root):
        for path in sorted(folder.glob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text("utf-8"))
    return modules


def package_folders(root: Path) -> list[Path]:
    """The folders that are packages, each before those within it; one without ``__init__.py`` holds data."""
    return [path.parent for package in PACKAGES for path in sorted((root / package).rglob("__init__.py"))]


def top(name: str) -> str:
    """The outermost package of a module."""
    return name.partition(".")[0]


def tree(modules: dict[str, ast.Module], packages: Collection[str]) -> Iterator[str]:
    """A line for each sub-package: its name, the number of modules in it, and the first line of its docstring."""
    sizes = Counter(name.rpartition(".")[0] for name in modules if name not in packages)
    for name in packages:
        sentence = (ast.get_docstring(modules[name]) or "").partition("\n")[0]
        label = f"{'  ' * name.count('.')}{name.rpartition('.')[2]}/"
        yield f"{label:<15}{sizes[name]:>3}  {sentence}".rstrip()


def find_imports(modules: dict[str, ast.Module], packages: Collection[str]) -> Iterator[Import]:
    """Every pair of modules of which one imports the other, as their sub-packages."""

    def owner(name: str) -> str:
        return name if name in packages else name.rpartition(".")[0]

    for name, module in modules.items():
        imported = {other for node in runtime_nodes(module) for other in imported_modules(node, modules)}
        yield from (Import(owner(name), owner(other)) for other in imported - {name})


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All that may be executed: everything except code under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from runtime_nodes(child)


def imported_modules(node: ast.AST, modules: Collection[str]) -> Iterator[str]:
    """The modules that a statement imports, whose names are absolute: ``from a import b`` names ``a.b`` or ``a``."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in modules)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield from {inner if inner in modules else node.module} & set(modules)


def totals(imports: Collection[Import]) -> Iterator[str]:
    """A row for each package: its modules' imports of each other and of other packages."""
    columns = "between its modules", "in one sub-package", "with its top level", "between sub-packages", "of others"
    yield f"| imports of | {' | '.join(columns)} |"
    yield "|---|--:|--:|--:|--:|--:|"
    for package in PACKAGES:
        own = [one for one in imports if top(one.importer) == package]
        internal = [one for one in own if top(one.imported) == package]
        same = sum(one.importer == one.imported for one in internal)
        with_top = sum(one.importer != one.imported and package in one for one in internal)
        between = len(internal) - same - with_top
        yield f"| {package} | {len(internal)} | {same} | {with_top} | {between} | {len(own) - len(internal)} |"


def import_table(imports: Collection[Import], packages: Collection[str]) -> Iterator[str]:
    """A row for each sub-package: the imports between its modules, and of its modules from each other sub-package."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in imports:
        found[one.importer][one.imported] += 1
    yield "| sub-package | imports between its modules | imports from others |"
    yield "|---|--:|---|"
    for name in packages:
        others = sorted((other, count) for other, count in found[name].items() if other != name)
        yield f"| {name} | {found[name][name]} | {', '.join(f'{other} {count}' for other, count in others)} |"


if __name__ == "__main__":
    main()
