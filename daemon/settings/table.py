"""What all tables of the settings are made of."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, StringConstraints

from daemon.settings.values import read_credential, read_password_file

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
SecretFile = Annotated[SecretStr, BeforeValidator(read_password_file)]
SecretCredential = Annotated[SecretStr, BeforeValidator(read_credential)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
