"""Meeting another node: whom to dial, the talk itself, and what is remembered of it."""
