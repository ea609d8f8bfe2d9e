"""The commands of ``foreword``: one thin file each."""
