"""Lets phones use the owner's page from the home network: off until asked for, by a link and three words, with few rights."""
