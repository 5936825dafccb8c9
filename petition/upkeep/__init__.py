"""What runs beside the pages: mail going out, what is old going away, and proofs that everything still adds up."""
