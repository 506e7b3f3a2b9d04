import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { type Arrived, emailBy, linkIn, startMailServer } from '../../../test/support/smtp.ts';

const SECRET = 'monkeys_are_GREAT';
const asking = (email: string, more: object = {}) => ({
  ...{ client_secret: SECRET, send_attempt: 1, email, ...more },
});

test('an address is added when its owner has confirmed it on the page that the e-mail leads to', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const token = await api.register('alice');
  const { body } = await api.ask('POST /account/3pid/email/requestToken', {
    body: asking('Alice@Example.ORG'),
  });
  const creds = { sid: body.sid, client_secret: SECRET };
  const [first] = await mail.count(1);
  expect(first).toMatchObject({ from: 'no-reply@example.org', to: ['alice@example.org'] });
  expect((await add(api, token, creds)).body.errcode).toBe('M_THREEPID_AUTH_FAILED');
  await confirm(api, first!);
  expect((await add(api, token, creds)).status).toBe(200);
  const at = api.clock.ms;
  expect((await api.ask('GET /account/3pid', { token })).body).toEqual({
    threepids: [{ medium: 'email', address: 'alice@example.org', validated_at: at, added_at: at }],
  });
});

/** With the password that interactive auth asks for. */
export async function add(api: ApiServer, token: string, creds: object) {
  const request = 'POST /account/3pid/add';
  const { session } = (await api.ask(request, { token, body: creds })).body;
  const auth = { type: 'm.login.password', password: PASSWORD, session };
  return api.ask(request, { token, body: { ...creds, auth } });
}

export async function confirm({ origin }: ApiServer, mail: Arrived) {
  const { pathname, searchParams } = linkIn(mail);
  const shown = await fetch(`${origin}${pathname}?${searchParams}`);
  expect(shown.status).toBe(200);
  const reply = await fetch(origin + pathname, { method: 'POST', body: searchParams });
  expect(await reply.text()).toContain('Confirmed');
}
