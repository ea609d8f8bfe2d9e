# Foreword in Kakoune through kakoune-lsp 18.0 and later: source this file in your kakrc, behind kakoune-lsp's own line.

# Kakoune has no filetype for plain text.
hook global BufCreate .*\.(txt|eml) %{ set-option buffer filetype text }

hook -group foreword global BufSetOption filetype=(?:markdown|mail|git-commit|restructuredtext|asciidoc|latex|typst|text) %{
    set-option -add buffer lsp_servers %{
        [foreword]
        root_globs = [".foreword.toml", "pyproject.toml", ".git"]
        command = "foreword"
        args = ["serve"]
        settings_section = "foreword"
        [foreword.settings.foreword]
        completion = { maxItems = 5 }
    }
}

# Words come when they are asked for, with Ctrl-O, not by themselves.
hook -group foreword global WinSetOption filetype=(?:markdown|mail|git-commit|restructuredtext|asciidoc|latex|typst|text) %{
    lsp-enable-window
    set-option window autocomplete prompt
}
