"""Where things are and how they are set: data dir, profiles, errors."""
