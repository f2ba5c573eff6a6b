"""Programming languages: by the name of a file, by media type, and what can be done with each."""

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Language:
    """`key` is kept with documents; `lexer` is Pygments' name of it.

    `split` says whether its files can be taken apart into functions and classes.
    """

    key: str
    name: str
    media_type: str
    suffixes: tuple[str, ...]
    lexer: str
    split: bool = False


LANGUAGES = (
    Language("python", "Python", "text/x-python", (".py", ".pyi", ".pyw"), "python", True),
    Language(
        "javascript",
        "JavaScript",
        "text/javascript",
        (".js", ".mjs", ".cjs", ".jsx"),
        "javascript",
        True,
    ),
    Language(
        "typescript", "TypeScript", "text/x-typescript", (".ts", ".mts", ".cts"), "typescript", True
    ),
    Language("tsx", "TypeScript (TSX)", "text/x-tsx", (".tsx",), "tsx", True),
    Language("go", "Go", "text/x-go", (".go",), "go", True),
    Language("rust", "Rust", "text/x-rust", (".rs",), "rust", True),
    Language("java", "Java", "text/x-java", (".java",), "java", True),
    Language("c", "C", "text/x-c", (".c", ".h"), "c", True),
    Language(
        "cpp",
        "C++",
        "text/x-c++",
        (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".ipp"),
        "cpp",
        True,
    ),
    Language("shell", "Shell", "text/x-sh", (".sh", ".bash", ".zsh"), "bash"),
    Language("sql", "SQL", "text/x-sql", (".sql",), "sql"),
    Language("css", "CSS", "text/css", (".css",), "css"),
    Language("ruby", "Ruby", "text/x-ruby", (".rb",), "ruby"),
    Language("php", "PHP", "text/x-php", (".php",), "php"),
    Language("csharp", "C#", "text/x-csharp", (".cs",), "csharp"),
    Language("kotlin", "Kotlin", "text/x-kotlin", (".kt", ".kts"), "kotlin"),
    Language("swift", "Swift", "text/x-swift", (".swift",), "swift"),
    Language("lua", "Lua", "text/x-lua", (".lua",), "lua"),
    Language("yaml", "YAML", "text/x-yaml", (".yaml", ".yml"), "yaml"),
    Language("toml", "TOML", "text/x-toml", (".toml",), "toml"),
)
_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_BY_MEDIA_TYPE = {language.media_type: language for language in LANGUAGES}


def by_name(name: str) -> Language | None:
    """The language of a file by its name's ending."""
    return _BY_SUFFIX.get(PurePosixPath(name.lower()).suffix)


def by_media_type(media_type: str) -> Language | None:
    return _BY_MEDIA_TYPE.get(media_type)
