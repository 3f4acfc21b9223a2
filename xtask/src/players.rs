//! The tools that make one file of an HLS playlist, beside qetch: which of them this machine has, and how each is asked.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    peers::{CONNECTIONS, PROXIES},
    process,
};

/// A program that makes one file of a playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Player {
    Ffmpeg,
    YtDlp,
    Streamlink,
}

/// Every one of them.
pub(crate) const PLAYERS: [Player; 3] = [Player::Ffmpeg, Player::YtDlp, Player::Streamlink];

impl Player {
    /// The name of its program.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ffmpeg => "ffmpeg",
            Self::YtDlp => "yt-dlp",
            Self::Streamlink => "streamlink",
        }
    }
}

/// The players of this machine, and those it does not have.
#[derive(Debug, Default)]
pub(crate) struct Players {
    pub(crate) found: Vec<InstalledPlayer>,
    missing: Vec<Player>,
}

/// A player with its program and its version.
#[derive(Debug)]
pub(crate) struct InstalledPlayer {
    pub(crate) player: Player,
    program: PathBuf,
    /// The first line of what it says of its version.
    pub(crate) version: String,
    /// A folder that stands for the home of a user who has configured nothing.
    home: PathBuf,
}

impl Players {
    /// Every player that is installed. What they keep at home, they keep in `home`.
    pub(crate) fn find(home: &Path) -> Self {
        Self::find_with(home, |player| process::find(player.name()))
    }

    fn find_with(home: &Path, program: impl Fn(Player) -> Option<PathBuf>) -> Self {
        let mut players = Self::default();
        for player in PLAYERS {
            match program(player).and_then(|program| InstalledPlayer::ask(player, program, home)) {
                Some(installed) => players.found.push(installed),
                None => players.missing.push(player),
            }
        }
        players
    }

    /// This player, if it is installed.
    pub(crate) fn get(&self, player: Player) -> Option<&InstalledPlayer> {
        self.found.iter().find(|installed| installed.player == player)
    }

    /// Names those that are missing and how to install them; nothing when all are there.
    pub(crate) fn missing_sentence(&self) -> Option<String> {
        let names: Vec<_> = self.missing.iter().map(|player| player.name()).collect();
        if names.is_empty() {
            return None;
        }
        let (names, packages) = (names.join(", "), names.join(" "));
        Some(format!(
            "not installed and left out of the races of playlists: {names} (`apt-get install {packages}`)"
        ))
    }
}

impl InstalledPlayer {
    fn ask(player: Player, program: PathBuf, home: &Path) -> Option<Self> {
        let mut installed = Self { player, program, version: String::new(), home: home.to_owned() };
        // ffmpeg takes one dash.
        let asks = if player == Player::Ffmpeg { "-version" } else { "--version" };
        let answer = process::probe(installed.command().arg(asks))?;
        installed.version = answer.lines().find(|line| !line.trim().is_empty())?.trim().to_owned();
        Some(installed)
    }

    /// Makes the file `to` of the media playlist at `url`.
    pub(crate) fn record(&self, url: &str, to: &Path) -> Command {
        let (mut command, at_once) = (self.command(), CONNECTIONS.to_string());
        match self.player {
            Player::Ffmpeg => {
                command.args(["-nostdin", "-v", "error", "-i", url, "-map", "0", "-c", "copy"]).arg(to);
            }
            Player::YtDlp => {
                command.args([
                    "--ignore-config",
                    "--quiet",
                    "--no-warnings",
                    "--no-progress",
                    "--fixup",
                    "never",
                ]);
                command.args(["--concurrent-fragments", &at_once, "--output"]).arg(to).arg(url);
            }
            Player::Streamlink => {
                command
                    .args(["--no-config", "--quiet", "--stream-segment-threads", &at_once, "--output"])
                    .arg(to);
                command.args([&format!("hls://{url}"), "best"]);
            }
        }
        command
    }

    /// The program without a proxy, without input and with nothing configured.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("HOME", &self.home).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        for name in PROXIES {
            command.env_remove(name);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_player_is_asked_in_its_own_words() {
        let check = |player: Player, expected: &str| {
            let program = PathBuf::from(player.name());
            let installed = InstalledPlayer { player, program, version: String::new(), home: "/home".into() };
            let line = process::command_line(&installed.record("http://h/l.m3u8", Path::new("/to/f.aac")));
            assert_eq!(line, expected);
        };
        check(Player::Ffmpeg, "ffmpeg -nostdin -v error -i http://h/l.m3u8 -map 0 -c copy /to/f.aac");
        check(
            Player::YtDlp,
            "yt-dlp --ignore-config --quiet --no-warnings --no-progress --fixup never --concurrent-fragments 8 --output \
             /to/f.aac http://h/l.m3u8",
        );
        check(
            Player::Streamlink,
            "streamlink --no-config --quiet --stream-segment-threads 8 --output /to/f.aac hls://http://h/l.m3u8 best",
        );
    }

    #[test]
    fn a_player_that_is_missing_is_named() {
        let nowhere = |player| (player != Player::YtDlp).then(|| PathBuf::from("echo"));
        let players = Players::find_with(Path::new("."), nowhere);
        assert!(players.get(Player::Ffmpeg).is_some() && players.get(Player::YtDlp).is_none());
        let sentence = players.missing_sentence().unwrap();
        assert!(sentence.contains("races of playlists: yt-dlp (`apt-get install yt-dlp`)"), "{sentence}");
        assert_eq!(Players::find_with(Path::new("."), |_| Some("echo".into())).missing_sentence(), None);
    }
}
