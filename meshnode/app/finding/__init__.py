"""Finding what others share: searches, news, watches, and what is hidden."""
