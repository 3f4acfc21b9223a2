//! `AddressClass`: who can be reached at an address, by the registries of special addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Who can be reached at an address: the class decides whether the network policy lets a request go there.
///
/// The ranges are those of the registries for special addresses (RFC 6890, as the IANA keeps them since). An IPv6 address that
/// carries an IPv4 address leads where that one leads: mapped and compatible ones (RFC 4291, sections 2.5.5.1 and
/// 2.5.5.2), 6to4 (RFC 3056), NAT64 (RFC 6052 and RFC 8215), Teredo (RFC 4380) and ISATAP (RFC 5214).
///
/// ```
/// use qetch_core::AddressClass;
///
/// assert_eq!(AddressClass::of("::ffff:127.0.0.1".parse().unwrap()), AddressClass::Loopback);
/// assert_eq!(AddressClass::of("169.254.169.254".parse().unwrap()), AddressClass::Metadata);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AddressClass {
    /// Anybody's: what the internet routes.
    Public,
    /// Behind the network address translation of a provider: `100.64.0.0/10` (RFC 6598).
    Shared,
    /// A private network: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16` (RFC 1918).
    Private,
    /// A private network of IPv6: `fc00::/7` (RFC 4193), and `fec0::/10`, which it replaced (RFC 3879).
    UniqueLocal,
    /// The same wire: `169.254.0.0/16` (RFC 3927) and `fe80::/10` (RFC 4291, section 2.5.6).
    LinkLocal,
    /// This machine: `127.0.0.0/8` and `::1`.
    Loopback,
    /// No address at all, which systems take for this machine: `0.0.0.0/8` and `::`.
    Unspecified,
    /// Many at once: `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// Set aside for documentation, benchmarks and what may come.
    Reserved,
    /// Where clouds tell their machines what they are, secrets among it.
    Metadata,
}

/// Addresses at which clouds answer with what a machine is. Most lie on its wire, some do not.
const METADATA: [IpAddr; 12] = [
    // Amazon, Google, Azure, Oracle, DigitalOcean, Hetzner, OpenStack and others.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    // Roles of Amazon's containers and pods.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    // Google.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // OpenStack over IPv6, and Scaleway.
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 42, 42)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    // Alibaba, Oracle, and the wire server of Azure, whose address would be public.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

impl AddressClass {
    /// The class of `address`.
    pub fn of(address: IpAddr) -> Self {
        if METADATA.contains(&address) {
            return Self::Metadata;
        }
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// The class of the most public one of `addresses`.
    pub(crate) fn most_public(addresses: &[IpAddr]) -> Option<Self> {
        addresses.iter().copied().map(Self::of).min()
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0, ..] => Self::Unspecified,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            [100, 64..=127, ..] => Self::Shared,
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            // Port Control Protocol and TURN, which are anybody's (RFC 7723, RFC 8155).
            [192, 0, 0, 9 | 10] => Self::Public,
            // Protocols (RFC 6890), 6to4 relays (RFC 7526), documentation (RFC 5737), benchmarks (RFC 2544).
            [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Reserved,
            [198, 18 | 19, ..] => Self::Reserved,
            [224..=239, ..] => Self::Multicast,
            [240..=255, ..] => Self::Reserved,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let carried = |high: u16, low: u16| Self::of(IpAddr::V4(v4(high, low)));
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // Mapped, as sockets show them and as SIIT translates them (RFC 7915); compatible.
            [0, 0, 0, 0, 0, 0xffff, high, low]
            | [0, 0, 0, 0, 0xffff, 0, high, low]
            | [0, 0, 0, 0, 0, 0, high, low] => carried(high, low),
            // A translator of NAT64 leads to the address it carries; a local one carries it wherever it likes.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => carried(high, low),
            [0x64, 0xff9b, 1, ..] => Self::Reserved,
            [0x2002, high, low, ..] => carried(high, low),
            // Of a Teredo client every bit is turned.
            [0x2001, 0, .., high, low] => carried(!high, !low).max(Self::Reserved),
            [.., 0 | 0x200, 0x5efe, high, low] => Self::plain_v6(address).max(carried(high, low)),
            _ => Self::plain_v6(address),
        }
    }

    fn plain_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0xff00..=0xffff, ..] => Self::Multicast,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Self::UniqueLocal,
            // Protocols (RFC 2928), documentation (RFC 3849, RFC 9637).
            [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Self::Reserved,
            // What is given to the internet at all (RFC 4291, section 2.4, and the registry of unicast space).
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Reserved,
        }
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

/// What it is called in an error.
impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Shared => "an address behind a provider's address translation",
            Self::Private | Self::UniqueLocal => "an address of a private network",
            Self::LinkLocal => "a link-local address",
            Self::Loopback | Self::Unspecified => "an address of this machine",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
            Self::Metadata => "an address of a cloud's metadata service",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_begins_and_ends_where_its_registry_says() {
        use AddressClass::*;
        let check =
            |address: &str, class| assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
        for (addresses, class) in [
            (&["0.0.0.0", "0.255.255.255", "::"][..], Unspecified),
            (&["127.0.0.1", "127.255.255.255", "::1"], Loopback),
            (
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "172.16.0.0",
                    "172.31.255.255",
                    "192.168.0.0",
                    "192.168.255.255",
                ],
                Private,
            ),
            (&["100.64.0.0", "100.127.255.255"], Shared),
            (&["169.254.0.0", "169.254.255.255", "fe80::", "febf:ffff::1"], LinkLocal),
            (&["fc00::", "fdff:ffff::1", "fec0::", "feff::1"], UniqueLocal),
            (&["224.0.0.0", "239.255.255.255", "ff00::", "ffff:ffff::1"], Multicast),
            (
                &["192.0.0.0", "192.0.2.1", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9"],
                Reserved,
            ),
            (&["240.0.0.0", "255.255.255.255", "192.88.99.1"], Reserved),
            (&["2001:db8::1", "3fff::1", "2001:2::1", "100::1", "4000::1", "5f00::1"], Reserved),
            (
                &["1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255"],
                Public,
            ),
            (&["100.128.0.0", "169.253.0.1", "126.255.255.255", "128.0.0.0", "223.255.255.255"], Public),
            (&["192.0.0.9", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1"], Public),
        ] {
            addresses.iter().for_each(|address| check(address, class));
        }
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fe80::a9fe:a9fe",
            "169.254.42.42",
            "fd00:42::42",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
        ] {
            check(address, Metadata);
        }
    }

    #[test]
    fn what_carries_an_ipv4_address_leads_where_that_one_leads() {
        use AddressClass::*;
        let check =
            |address: &str, class| assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
        let inner = [
            ("127.0.0.1", Loopback),
            ("10.1.2.3", Private),
            ("169.254.169.254", Metadata),
            ("0.0.0.0", Unspecified),
        ];
        for (carried, class) in inner {
            let hex = u32::from(carried.parse::<Ipv4Addr>().unwrap());
            let (high, low) = (hex >> 16, hex & 0xffff);
            for form in ["::ffff:", "::ffff:0:", "64:ff9b::"] {
                check(&format!("{form}{carried}"), class);
            }
            check(&format!("2002:{high:x}:{low:x}::1"), class);
            check(
                &format!("2001:0:4136:e378:8000:63bf:{:x}:{:x}", !high & 0xffff, !low & 0xffff),
                class.max(Reserved),
            );
            check(&format!("2606:4700::5efe:{high:x}:{low:x}"), class);
        }
        check("::10.0.0.1", Private);
        check("::ffff:1.1.1.1", Public);
        check("2002:101:101::", Public);
        check("64:ff9b::1.1.1.1", Public);
        check("64:ff9b:1::101:101", Reserved);
        check("64:ff9b:1:a9fe:a9:fe00:808:808", Reserved);
        check("2001:0:4136:e378::1", Reserved);
    }
}
