import fc from 'fast-check';
import { createEgressPolicy } from './egress-policy.js';

const strict = createEgressPolicy([]);
const ipv4 = (network: readonly number[]) =>
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((random) => [...network, ...random].slice(0, 4).join('.'));
const group = fc.nat(0xffff).map((value) => value.toString(16));
const ipv6 = (prefix: string, groups: number) => fc.array(group, { minLength: groups, maxLength: groups }).map((rest) => `${prefix}:${rest.join(':')}`);

describe('the egress policy', () => {
  it.each([
    ['127.0.0.1', 'loopback'], ['10.1.2.3', 'private'], ['172.16.0.1', 'private'], ['192.168.1.1', 'private'],
    ['169.254.169.254', 'linkLocal'], ['100.64.0.1', 'carrierGradeNat'], ['0.0.0.0', 'unspecified'], ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'], ['198.18.0.1', 'reserved'], ['240.0.0.1', 'reserved'], ['192.0.2.1', 'reserved'],
    ['::1', 'loopback'], ['::', 'unspecified'], ['fe80::1', 'linkLocal'], ['fe80::1%eth0', 'linkLocal'], ['fc00::1', 'uniqueLocal'], ['fd12::1', 'uniqueLocal'],
    ['ff02::1', 'multicast'], ['::ffff:127.0.0.1', 'loopback'], ['::ffff:a00:1', 'private'], ['64:ff9b::10.0.0.1', 'private'],
    ['::7f00:1', 'reserved'], ['2002:7f00:1::', '6to4'], ['2001::1', 'teredo'], ['2001:db8::1', 'reserved'], ['fec0::1', 'deprecatedSiteLocal'],
    ['not an address', 'invalid'],
  ])('refuses %s as %s', (address, range) => {
    expect(strict.refusedRange(address)).toBe(range);
  });

  it.each(['1.1.1.1', '93.184.216.34', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'])('allows the public address %s', (address) => {
    expect(strict.refusedRange(address)).toBeUndefined();
  });

  it('refuses every address of the networks that are not public', () => {
    const anyPrivate = fc.oneof(
      ipv4([10]), ipv4([127]), ipv4([192, 168]), ipv4([169, 254]), ipv4([0]), fc.integer({ min: 16, max: 31 }).chain((second) => ipv4([172, second])),
      fc.integer({ min: 64, max: 127 }).chain((second) => ipv4([100, second])), fc.integer({ min: 224, max: 255 }).chain((first) => ipv4([first])),
      ipv6('fc00', 7), ipv6('fd00', 7), ipv6('fe80', 7), ipv6('ff02', 7), ipv6('0:0:0:0:0:0', 2), ipv4([10]).map((address) => `::ffff:${address}`),
    );
    fc.assert(fc.property(anyPrivate, (address) => {
      expect(strict.refusedRange(address)).toBeDefined();
    }));
  });

  it('allows exactly what the list names', () => {
    const policy = createEgressPolicy(['127.0.0.0/8', '10.1.2.3', 'fd00::/8', 'payments.internal', '*.corp.example']);
    expect(['127.9.9.9', '10.1.2.3', '::ffff:127.0.0.1', 'fd00::5'].map((address) => policy.refusedRange(address))).toEqual([undefined, undefined, undefined, undefined]);
    expect(['10.1.2.4', '::1', '192.168.0.1'].every((address) => policy.refusedRange(address) !== undefined)).toBe(true);
    expect(['payments.internal', 'PAYMENTS.internal.', 'a.b.corp.example'].every((host) => policy.allowsHost(host))).toBe(true);
    expect(['internal', 'x.payments.internal', 'corp.example', 'evilcorp.example'].some((host) => policy.allowsHost(host))).toBe(false);
  });

  it.each(['10.0.0.0/40', '300.1.1.1', 'http://host', 'a b', ''])('does not start with the unreadable entry "%s"', (entry) => {
    expect(() => createEgressPolicy([entry])).toThrow('neither a host name nor an IP address nor a CIDR');
  });
});
