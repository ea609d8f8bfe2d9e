//! Foreword in Zed: says how the server is started, and hands Zed's settings on to it.

use zed_extension_api::{
    self as zed, serde_json, settings::LspSettings, LanguageServerId, Result, Worktree,
};

struct Foreword;

impl zed::Extension for Foreword {
    fn new() -> Self {
        Foreword
    }

    /// The command of the settings (`lsp.foreword.binary`), else `foreword serve` from the path.
    fn language_server_command(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<zed::Command> {
        let binary = LspSettings::for_worktree(server.as_ref(), worktree)
            .ok()
            .and_then(|settings| settings.binary);
        let path = binary.as_ref().and_then(|binary| binary.path.clone());
        let command = path.or_else(|| worktree.which("foreword")).ok_or(
            "the command 'foreword' was not found; install Foreword, or give its path as lsp.foreword.binary.path",
        )?;
        let args = binary.and_then(|binary| binary.arguments);
        Ok(zed::Command {
            command,
            args: args.unwrap_or_else(|| vec!["serve".into()]),
            env: worktree.shell_env(),
        })
    }

    /// Foreword's settings are `lsp.foreword.initialization_options` …
    fn language_server_initialization_options(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        let settings = LspSettings::for_worktree(server.as_ref(), worktree).ok();
        Ok(settings.and_then(|settings| settings.initialization_options))
    }

    /// … and `lsp.foreword.settings`, which may change while the server runs.
    fn language_server_workspace_configuration(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        let settings = LspSettings::for_worktree(server.as_ref(), worktree).ok();
        let section = settings.and_then(|settings| settings.settings);
        Ok(section.map(|section| serde_json::json!({ "foreword": section })))
    }
}

zed::register_extension!(Foreword);
