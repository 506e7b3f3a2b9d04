import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ALICE, BOB, CAROL, TestRoom } from '../../../test/support/test-room.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { JsonObject } from '../json.ts';
import { roomVersions } from '../room-versions.ts';

describe.each(roomVersions())('an invite with third_party_invite in version %s', (version) => {
  const room = (): TestRoom => {
    const made = new TestRoom(version);
    made.put({ type: 'm.room.third_party_invite', stateKey: TOKEN, content: KEY.invite });
    return made;
  };

  test('if any signature in signed matches any public key of the invite, allow', () => {
    expect(ruleFor(room(), signedBy(KEY))).toBe('allowed');
  });

  test('is allowed though its sender has left the room meanwhile', () => {
    expect(ruleFor(room().member(ALICE, 'leave'), signedBy(KEY))).toBe('allowed');
  });

  test('if the target user is banned, reject', () => {
    expect(ruleFor(room().member(BOB, 'ban'), signedBy(KEY))).toBe('third-party-invite.banned');
  });

  test('if third_party_invite does not have a signed property, reject', () => {
    expect(ruleFor(room(), undefined)).toBe('third-party-invite.signed');
    const content = { third_party_invite: 'anything' };
    expect(room().ruleForMembership(ALICE, BOB, 'invite', content)).toBe(
      'third-party-invite.signed',
    );
  });

  test('if signed does not have mxid and token properties, reject', () => {
    const { mxid: _m, ...noMxid } = signedBy(KEY);
    const { token: _t, ...noToken } = signedBy(KEY);
    expect(ruleFor(room(), noMxid)).toBe('third-party-invite.properties');
    expect(ruleFor(room(), noToken)).toBe('third-party-invite.properties');
  });

  test('if mxid does not match the state_key, reject', () => {
    expect(ruleFor(room(), signedBy(KEY, { mxid: CAROL }))).toBe('third-party-invite.mxid');
  });

  test('if there is no m.room.third_party_invite with the token as its state_key, reject', () => {
    expect(ruleFor(room(), signedBy(KEY, { token: 'other' }))).toBe('third-party-invite.token');
  });

  test('if the sender does not match the sender of the m.room.third_party_invite, reject', () => {
    const made = room().member(CAROL, 'join');
    expect(ruleFor(made, signedBy(KEY), CAROL)).toBe('third-party-invite.sender');
  });

  test('if no signature matches, reject', () => {
    expect(ruleFor(room(), signedBy(OTHER_KEY))).toBe('third-party-invite.signature');
    expect(ruleFor(room(), { ...signedBy(KEY), extra: 1 })).toBe('third-party-invite.signature');
    const { signatures: _s, ...unsigned } = signedBy(KEY);
    expect(ruleFor(room(), unsigned)).toBe('third-party-invite.signature');
  });
});

describe('the public keys of an m.room.third_party_invite', () => {
  const ruleWith = (content: JsonObject, signed = signedBy(KEY)): string => {
    const room = new TestRoom('12');
    room.put({ type: 'm.room.third_party_invite', stateKey: TOKEN, content });
    return ruleFor(room, signed);
  };

  test('are in the list public_keys too', () => {
    const { public_key } = KEY.invite;
    expect(ruleWith({ public_keys: [OTHER_KEY.invite, { public_key }] })).toBe('allowed');
    expect(ruleWith({ ...OTHER_KEY.invite, public_keys: [KEY.invite] })).toBe('allowed');
    expect(ruleWith({ public_keys: [OTHER_KEY.invite] })).toBe('third-party-invite.signature');
  });

  test('count also in the URL-safe alphabet, as old servers wrote it', () => {
    const public_key = Buffer.from(KEY.invite.public_key, 'base64').toString('base64url');
    expect(ruleWith({ public_key })).toBe('allowed');
  });

  test('that are none are passed over', () => {
    const nonsense = { public_key: 'AAAA', public_keys: [1, null, { public_key: 5 }, KEY.invite] };
    expect(ruleWith(nonsense)).toBe('allowed');
    expect(ruleWith({ public_key: 'AAAA', public_keys: 'x' })).toBe('third-party-invite.signature');
  });
});

describe('the signatures of signed', () => {
  const ruleWith = (signatures: JsonObject): string => {
    const room = new TestRoom('12');
    room.put({ type: 'm.room.third_party_invite', stateKey: TOKEN, content: KEY.invite });
    return ruleFor(room, { ...signedBy(KEY), signatures });
  };
  const [good] = Object.values(signedBy(KEY).signatures['id.example']!);
  const [bad] = Object.values(signedBy(OTHER_KEY).signatures['id.example']!);

  test('may be many, of which one is enough', () => {
    expect(
      ruleWith({ x: { 'ed25519:0': bad! }, y: { 'ed25519:0': bad!, 'ed25519:1': good! } }),
    ).toBe('allowed');
  });

  test('of other algorithms, or of a wrong form, do not count', () => {
    for (const wrong of [{ 'rsa:0': good! }, { 'ed25519:0': 7 }, { 'ed25519:0': 'AAAA' }, 'x']) {
      expect(ruleWith({ x: wrong })).toBe('third-party-invite.signature');
    }
  });

  test('leave out what stands in unsigned', () => {
    const room = new TestRoom('12');
    room.put({ type: 'm.room.third_party_invite', stateKey: TOKEN, content: KEY.invite });
    expect(ruleFor(room, { ...signedBy(KEY), unsigned: { age: 1 } })).toBe('allowed');
  });

  test('of an object that has no canonical form are none', () => {
    const room = new TestRoom('12');
    room.put({ type: 'm.room.third_party_invite', stateKey: TOKEN, content: KEY.invite });
    expect(ruleFor(room, { ...signedBy(KEY), extra: '\ud800' })).toBe(
      'third-party-invite.signature',
    );
  });
});

interface TestKey {
  readonly privateKey: KeyObject;
  readonly invite: { readonly public_key: string };
}

const newKey = (): TestKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const x = publicKey.export({ format: 'jwk' }).x!;
  const public_key = Buffer.from(x, 'base64url').toString('base64').replace(/=+$/, '');
  return { privateKey, invite: { public_key } };
};

const TOKEN = 'a-token';
const KEY = newKey();
const OTHER_KEY = newKey();

const signedBy = ({ privateKey }: TestKey, change: JsonObject = {}) => {
  const message = { mxid: BOB, token: TOKEN, ...change };
  const signature = sign(null, Buffer.from(canonicalJson(message)), privateKey);
  return {
    ...message,
    signatures: {
      'id.example': { 'ed25519:0': signature.toString('base64').replace(/=+$/, '') },
    } as Record<string, Record<string, string>>,
  };
};

const ruleFor = (room: TestRoom, signed: JsonObject | undefined, sender = ALICE): string =>
  room.ruleForMembership(sender, BOB, 'invite', {
    third_party_invite: signed === undefined ? {} : { signed },
  });
