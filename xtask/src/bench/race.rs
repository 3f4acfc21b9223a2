//! The races: what is downloaded, from where, by whom, and how large it is.

use crate::{
    peers::{CONNECTIONS, Tool},
    players::{PLAYERS, Player},
};

/// What the tools are asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Raw,
    Secure,
    Even,
    Uneven,
    Small,
    OneHost,
    FiveHosts,
    Resume,
    Segments,
    ManySegments,
    LargeSegments,
    Start,
}

/// Where the files arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Ram,
    Disk,
}

/// One race.
#[derive(Debug)]
pub(crate) struct Race {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) work: Work,
    pub(crate) place: Place,
    /// What a reader must know to judge it.
    pub(crate) note: &'static str,
}

const fn race(name: &'static str, title: &'static str, work: Work, note: &'static str) -> Race {
    Race { name, title, work, place: Place::Ram, note }
}

const fn on_disk(name: &'static str, title: &'static str, work: Work, note: &'static str) -> Race {
    Race { name, title, work, place: Place::Disk, note }
}

const SYNCED: &str = "After each tool its files are synced, and the clock runs until they are.";

/// Every race, in the order of the document.
pub(crate) const RACES: &[Race] = &[
    race(
        "raw",
        "One large file over plain http",
        Work::Raw,
        "The bare socket reads 256 KiB and writes them, again and again, and does nothing else: a yardstick, not a peer. `qetch x1` is held \
         to one connection. `wget2 chunks` is told `--chunk-size=1M`; this version fetches the chunks one after the other.",
    ),
    on_disk("raw-disk", "The same onto a disk", Work::Raw, SYNCED),
    race(
        "tls",
        "One large file over TLS",
        Work::Secure,
        "The certificate is signed by an authority of the race's own, which each tool is told to trust. axel cannot \
         be told, and checks nothing.",
    ),
    race(
        "throttled",
        "Each connection held to a rate",
        Work::Even,
        "The ideal is the size over eight times the rate. curl and wget2 use one connection.",
    ),
    race(
        "one-slow",
        "The same with one connection twenty times slower",
        Work::Uneven,
        "The third connection that a tool opens in a run is slow for as long as it lives; a new one in its place is \
         not. The ideal is the one above. curl and wget2 use one connection and never meet the slow one. axel opens its first \
         to ask alone, so that the third carries its second share.",
    ),
    race(
        "small",
        "Many small files, eight at once",
        Work::Small,
        "axel takes one file a run: it is started by `xargs -P 8`.",
    ),
    on_disk("small-disk", "The same onto a disk", Work::Small, SYNCED),
    race(
        "five-one-host",
        "Five files of one host, all at once",
        Work::OneHost,
        "axel takes one file a run: five run at once.",
    ),
    race(
        "five-five-hosts",
        "Five files of five hosts, all at once",
        Work::FiveHosts,
        "The hosts are 127.0.0.1 to 127.0.0.5.",
    ),
    race(
        "resume",
        "The second half of a large file",
        Work::Resume,
        "qetch, aria2c and axel were interrupted when about half was there; curl and wget2 are given the first half, \
         and `--continue`. What was there is put back before each run.",
    ),
    race(
        "segments",
        "An HLS playlist of segments that are answered late",
        Work::Segments,
        "400 segments of 64 KiB, each answered after 50 ms, eight at once; the list is answered at once. The ideal is eight delays \
         at a time, and no time for anything else. aria2c is given the links of the segments; making one file of what it brings is \
         not counted. ffmpeg fetches one segment at a time. The segments are frames of AAC, so that what ffmpeg copies \
         is the same bytes again.",
    ),
    race(
        "many-segments",
        "An HLS playlist of many segments",
        Work::ManySegments,
        "10,000 segments of 16 KiB, each answered at once. The rest is as above, but for yt-dlp, which takes half a minute for them \
         and is left out.",
    ),
    race(
        "large-segments",
        "An HLS playlist of large segments",
        Work::LargeSegments,
        "128 segments of 8 MiB, each answered at once. The rest is as above.",
    ),
    race("start", "Start-up: `--version`", Work::Start, "Nothing is downloaded."),
];

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// A tool, and the connections that it may use for a file.
    Tool(Tool, usize),
    /// A tool that makes one file of a playlist.
    Player(Player),
    /// The yardstick.
    Socket,
}

impl Contestant {
    /// Its name in tables.
    pub(crate) fn label(self, work: Work) -> String {
        match self {
            Self::Socket => "bare socket".to_owned(),
            Self::Player(player) => player.name().to_owned(),
            // It fetches its chunks one after the other, so that they are no connections.
            Self::Tool(Tool::Wget2, CONNECTIONS) => "wget2 chunks".to_owned(),
            Self::Tool(tool, 1) if tool.splits() && work.is_about_one_file() && tool != Tool::Wget2 => {
                format!("{} x1", tool.name())
            }
            Self::Tool(tool, _) => tool.name().to_owned(),
        }
    }
}

impl Work {
    fn is_about_one_file(self) -> bool {
        matches!(self, Self::Raw | Self::Secure | Self::Even | Self::Uneven | Self::Resume)
    }

    pub(crate) fn is_about_segments(self) -> bool {
        matches!(self, Self::Segments | Self::ManySegments | Self::LargeSegments)
    }

    /// Whether several connections are the point.
    fn is_about_connections(self) -> bool {
        matches!(self, Self::Even | Self::Uneven)
    }

    /// Who takes part, each tool with what suits it.
    pub(crate) fn contestants(self) -> Vec<Contestant> {
        use Contestant::{Socket, Tool as Of};
        if self.is_about_segments() {
            let tools = [Of(Tool::Qetch, CONNECTIONS), Of(Tool::Aria2c, 1)];
            let players =
                PLAYERS.into_iter().filter(|player| self != Self::ManySegments || *player != Player::YtDlp);
            return tools.into_iter().chain(players.map(Contestant::Player)).collect();
        }
        let mut all = vec![
            Of(Tool::Qetch, CONNECTIONS),
            Of(Tool::Curl, 1),
            Of(Tool::Aria2c, CONNECTIONS),
            Of(Tool::Axel, CONNECTIONS),
            Of(Tool::Wget2, 1),
        ];
        if matches!(self, Self::Raw | Self::Secure) {
            all.insert(1, Of(Tool::Qetch, 1));
            all.push(Of(Tool::Wget2, CONNECTIONS));
        }
        // The yardstick speaks no TLS.
        all.extend((self == Self::Raw).then_some(Socket));
        all
    }

    /// Whether system calls are counted.
    pub(crate) fn counts_calls(self) -> bool {
        matches!(self, Self::Raw | Self::Secure | Self::Small | Self::Segments)
    }
}

/// How large everything is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) raw: u64,
    pub(crate) secure: u64,
    pub(crate) even: u64,
    /// Bytes a second of each connection, and of the slow one.
    pub(crate) rate: u64,
    pub(crate) slow_rate: u64,
    pub(crate) small_count: u64,
    pub(crate) small: u64,
    /// Each of five.
    pub(crate) fifth: u64,
    pub(crate) resumed: u64,
    /// How many segments, of so many bytes, and the milliseconds after which each is answered.
    pub(crate) segments: Cut,
    pub(crate) many_segments: Cut,
    pub(crate) large_segments: Cut,
    pub(crate) delay: u64,
    /// The fewest runs of the race of start-up.
    pub(crate) starts: usize,
}

/// A file in segments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) count: u64,
    pub(crate) size: u64,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

impl Sizes {
    /// The sizes of the races that count.
    pub(crate) const FULL: Self = Self {
        raw: 1024 * MIB,
        secure: 512 * MIB,
        even: 32 * MIB,
        rate: 4 * MIB,
        slow_rate: 4 * MIB / 20,
        small_count: 1000,
        small: 20_000,
        fifth: 200 * MIB,
        resumed: 512 * MIB,
        segments: Cut { count: 400, size: 64 * KIB },
        many_segments: Cut { count: 10_000, size: 16 * KIB },
        large_segments: Cut { count: 128, size: 8 * MIB },
        delay: 50,
        starts: 50,
    };

    /// Sizes that show whether everything works.
    pub(crate) const QUICK: Self = Self {
        raw: 32 * MIB,
        secure: 16 * MIB,
        even: 8 * MIB,
        rate: 4 * MIB,
        slow_rate: 4 * MIB / 20,
        small_count: 40,
        small: 20_000,
        fifth: 4 * MIB,
        resumed: 64 * MIB,
        segments: Cut { count: 40, size: 64 * KIB },
        many_segments: Cut { count: 200, size: 16 * KIB },
        large_segments: Cut { count: 8, size: 8 * MIB },
        delay: 50,
        starts: 3,
    };

    /// The bytes that one run of a race downloads.
    pub(crate) fn bytes(&self, work: Work) -> u64 {
        match work {
            Work::Raw => self.raw,
            Work::Secure => self.secure,
            Work::Even | Work::Uneven => self.even,
            Work::Small => self.small_count * self.small,
            Work::OneHost | Work::FiveHosts => 5 * self.fifth,
            Work::Resume => self.resumed,
            Work::Segments | Work::ManySegments | Work::LargeSegments => {
                self.cut(work).map_or(0, |(_, cut)| cut.count * cut.size)
            }
            Work::Start => 0,
        }
    }

    /// The file of a race of segments, and how it is cut.
    pub(crate) fn cut(&self, work: Work) -> Option<(&'static str, Cut)> {
        match work {
            Work::Segments => Some(("segments.aac", self.segments)),
            Work::ManySegments => Some(("many-segments.aac", self.many_segments)),
            Work::LargeSegments => Some(("large-segments.aac", self.large_segments)),
            _ => None,
        }
    }

    /// The seconds that a race would take if its connections were used to the full, where they are what holds it.
    pub(crate) fn ideal(&self, work: Work) -> Option<f64> {
        if work == Work::Segments {
            let turns = self.segments.count.div_ceil(CONNECTIONS as u64);
            return Some((turns * self.delay) as f64 / 1000.0);
        }
        let seconds = self.even as f64 / (CONNECTIONS as u64 * self.rate) as f64;
        work.is_about_connections().then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_what_is_unusual() {
        let labels = |work: Work| {
            work.contestants().into_iter().map(|it| it.label(work)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            labels(Work::Raw),
            "qetch, qetch x1, curl, aria2c, axel, wget2, wget2 chunks, bare socket"
        );
        assert_eq!(labels(Work::Uneven), "qetch, curl, aria2c, axel, wget2");
        assert_eq!(labels(Work::Small), "qetch, curl, aria2c, axel, wget2");
        assert_eq!(labels(Work::Segments), "qetch, aria2c, ffmpeg, yt-dlp, streamlink");
        assert_eq!(labels(Work::ManySegments), "qetch, aria2c, ffmpeg, streamlink");
    }

    #[test]
    fn what_is_ideal_is_as_the_goals_say() {
        assert_eq!(Sizes::FULL.ideal(Work::Even), Some(1.0));
        assert_eq!(Sizes::FULL.ideal(Work::Segments), Some(2.5));
        assert_eq!(Sizes::FULL.ideal(Work::Raw), None);
        assert_eq!(Sizes::FULL.bytes(Work::Small), 20_000_000);
    }
}
