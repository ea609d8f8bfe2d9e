"""A page of our own to try Foreword in."""
