"""What a meeting with another node needs: whom to dial, what is said, and what is remembered of it."""
