"""What is published: a frozen directory per release, and the link to the newest."""
