"""The models of Foreword and their mathematics; usable from a notebook, and ignorant of editors."""
