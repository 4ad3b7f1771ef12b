"""The rows of the tutorial, for what the documentation says of them."""

import pytest

from tests.docs.blog.models import Article
from tests.docs.markdown import TUTORIAL, read_blocks
from tests.shared_rows import number_from_one


def fill_blog(alias):
    """The rows of the tutorial, with the keys that they have there; what is there is left alone."""
    if Article.objects.using(alias).exists():
        return
    number_from_one(alias, Article)
    (fill,) = (block for block in read_blocks(TUTORIAL) if block.file[0] == "fill.py")
    code = fill.code.replace("from blog.models", "from tests.docs.blog.models")
    exec(compile(code, fill.name, "exec"), {})


@pytest.fixture(scope="session")
def blog(shared_rows):
    shared_rows.add(fill_blog, "default")
