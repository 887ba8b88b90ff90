"""From a question to a cited, verified answer. Pure apart from reading the stores."""
