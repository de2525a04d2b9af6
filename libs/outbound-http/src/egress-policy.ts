import ipaddr from 'ipaddr.js';

/** Which hosts and addresses outbound requests may reach. */
export interface EgressPolicy {
  /** True for a host that is named in the list: every address it resolves to is allowed. */
  allowsHost(hostname: string): boolean;
  /**
   * What kind of address this is (`private`, `loopback`, `linkLocal`, …) when it may not be reached;
   * `undefined` when it may. Text that is no IP address is refused as `invalid`.
   */
  refusedRange(address: string): string | undefined;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

const hostPattern = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
const globalUnicast6 = ipaddr.IPv6.parseCIDR('2000::/3');
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** The form in which hosts are compared: lower case, no brackets, no trailing dot. */
export const plainHost = (hostname: string): string => hostname.toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');

const isWithin = (address: Address, [network, bits]: Network): boolean => address.kind() === network.kind() && address.match(network, bits);

/** What the packets would reach: an IPv4 address inside an IPv6 one (mapped, NAT64) is judged as IPv4. */
const effective = (address: Address): Address => {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(nat64) ? ipaddr.fromByteArray(address.toByteArray().slice(12)) : address;
};

const publicRange = (address: Address): string | undefined => {
  const range = address.range();
  if (range !== 'unicast') return range;
  return address instanceof ipaddr.IPv6 && !address.match(globalUnicast6) ? 'reserved' : undefined;
};

const parseNetwork = (entry: string): Network | undefined => {
  if (entry.includes('/')) return ipaddr.isValidCIDR(entry) ? ipaddr.parseCIDR(entry) : undefined;
  if (!ipaddr.IPv4.isValidFourPartDecimal(entry) && !ipaddr.IPv6.isValid(entry)) return undefined;
  const address = effective(ipaddr.parse(entry));
  return [address, address.kind() === 'ipv4' ? 32 : 128];
};

/**
 * Public unicast addresses are reachable; everything else (private, loopback, link-local, unique-local,
 * multicast, carrier-grade NAT, reserved, tunnelled) only when `allow` names it: host names
 * (`payments.internal`, `*.internal`), IP addresses and CIDRs. Throws on an entry that is none of these.
 */
export const createEgressPolicy = (allow: readonly string[]): EgressPolicy => {
  const networks: Network[] = [];
  const hosts = new Set<string>();
  for (const raw of allow) {
    const entry = plainHost(raw.trim());
    const network = parseNetwork(entry);
    if (network) networks.push(network);
    else if (hostPattern.test(entry) && !/^[\d.]+$/.test(entry)) hosts.add(entry);
    else throw new Error(`"${raw}" is neither a host name nor an IP address nor a CIDR`);
  }
  const suffixes = [...hosts].filter((host) => host.startsWith('*.')).map((host) => host.slice(1));
  return {
    allowsHost: (hostname) => {
      const host = plainHost(hostname);
      return hosts.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
    },
    refusedRange: (text) => {
      if (!ipaddr.isValid(text)) return 'invalid';
      const address = effective(ipaddr.parse(text));
      return networks.some((network) => isWithin(address, network)) ? undefined : publicRange(address);
    },
  };
};
