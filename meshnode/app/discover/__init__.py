"""Finding what others share: searches, news, watches and hidden listings."""
