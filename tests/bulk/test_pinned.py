"""What a batch does in Django's place is Django's code as it was read: when Django changes it, this says so."""

import ast
import hashlib
import inspect
import textwrap

import pytest
from django.db.models import Field, ForeignKey, Model, UniqueConstraint

# The code without comments, as `ast` writes it, of Django 5.2 to 6.1.
READ = {
    Field.clean: {"53393f39493b359e"},
    Field.validate: {"d73c37b8fde4312a"},
    ForeignKey.to_python: {"61bbfa0c15bee688"},
    ForeignKey.validate: {"ec9703fdf6f67f9c"},
    Model._get_unique_checks: {"edcd7199ac3e43d9"},
    Model._perform_date_checks: {"10e8df745a63f68a"},
    Model._perform_unique_checks: {"c519e552dac8f1ea"},
    Model.clean_fields: {"0c55e78920db3feb"},
    Model.full_clean: {"05e7b0a4789b9288"},
    Model.get_constraints: {"e91690e4394a6bf3"},
    Model.validate_constraints: {"13b82d4bee6f9ca3"},
    Model.validate_unique: {"8fe35b138d16be51"},
    UniqueConstraint.validate: {"3635786e72cc02cf", "4c55877acf682160"},
}


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_django_sources_are_as_read(function):
    code = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(function))))
    assert hashlib.sha256(code.encode()).hexdigest()[:16] in READ[function]
