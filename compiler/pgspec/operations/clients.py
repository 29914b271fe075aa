"""The generated clients of the languages that the project asks for."""

from __future__ import annotations

from pgspec.operations.client_model import client_model
from pgspec.operations.client_python import python_client
from pgspec.operations.client_typescript import typescript_client
from pgspec.program import Program

_LANGUAGES = {
    "typescript": ("clients/pgspec.ts", typescript_client),
    "python": ("clients/pgspec_client.py", python_client),
}


def clients(program: Program) -> dict[str, str]:
    """The files by path under generated/."""
    wanted = [_LANGUAGES[language] for language in dict.fromkeys(program.project.clients)]
    model = client_model(program) if wanted else None
    return {path: printed(model) for path, printed in wanted if model is not None}
