import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';

export interface Account {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
  readonly password: string;
}

interface LoggedIn {
  readonly user_id: string;
  readonly access_token: string;
  readonly device_id: string;
}

/** Plain HTTP: what the SDKs do around a request is not what is measured. */
export class BenchClient {
  readonly #dispatcher: Dispatcher;
  readonly origin: string;

  constructor(dispatcher: Dispatcher, origin: string) {
    this.#dispatcher = dispatcher;
    this.origin = origin;
  }

  async register(name: string): Promise<Account> {
    const password = randomUUID();
    const answer = await this.ask<LoggedIn>('POST', '/_matrix/client/v3/register', {
      ...{ username: name, password, auth: { type: 'm.login.dummy' } },
    });
    const { user_id: userId, access_token: token, device_id: deviceId } = answer;
    return { userId, token, deviceId, password };
  }

  /** On a second device, again and again. */
  logInAgain(account: Account): Promise<Account> {
    return this.logIn(account, `${account.deviceId}2`);
  }

  /** Without a device it is a new one, which knows nothing yet. */
  async logIn({ userId, password }: Account, device?: string): Promise<Account> {
    const identifier = { type: 'm.id.user', user: userId };
    const answer = await this.ask<LoggedIn>('POST', '/_matrix/client/v3/login', {
      ...{ type: 'm.login.password', identifier, password, device_id: device },
    });
    const { access_token: token, device_id: deviceId } = answer;
    return { userId, token, deviceId, password };
  }

  async createRoom(owner: Account): Promise<string> {
    const body = { preset: 'public_chat' };
    const path = '/_matrix/client/v3/createRoom';
    return (await this.ask<{ room_id: string }>('POST', path, body, owner)).room_id;
  }

  join(roomId: string, member: Account): Promise<object> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/join`;
    return this.ask('POST', path, {}, member);
  }

  markRead(roomId: string, eventId: string, reader: Account): Promise<object> {
    const room = encodeURIComponent(roomId);
    const path = `/_matrix/client/v3/rooms/${room}/receipt/m.read/${encodeURIComponent(eventId)}`;
    return this.ask('POST', path, {}, reader);
  }

  scrollBack(roomId: string, reader: Account): Promise<object> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=30`;
    return this.ask('GET', path, undefined, reader);
  }

  send(roomId: string, txnId: string, sender: Account): Promise<{ event_id: string }> {
    const room = encodeURIComponent(roomId);
    const path = `/_matrix/client/v3/rooms/${room}/send/m.room.message/${txnId}`;
    const body = {
      msgtype: 'm.text',
      body: `${txnId}: the quick brown fox jumps over the lazy dog`,
    };
    return this.ask('PUT', path, body, sender);
  }

  /** Answers with the path by which it is had. */
  async upload(bytes: Buffer, { token }: Account, type?: string): Promise<string> {
    const { statusCode, body } = await this.#dispatcher.request({
      origin: this.origin,
      path: '/_matrix/media/v3/upload',
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...(type && { 'content-type': type }) },
      headersTimeout: 300_000,
      body: bytes,
    });
    const answer = (await body.json()) as { content_uri?: string };
    if (statusCode !== 200) throw new Error(`upload: ${statusCode} ${JSON.stringify(answer)}`);
    return answer.content_uri!.replace('mxc://', '/_matrix/client/v1/media/download/');
  }

  /** The bytes are taken off the wire, and thrown away. */
  async download(path: string, { token }: Account): Promise<void> {
    const { statusCode, body } = await this.#dispatcher.request({
      ...{ origin: this.origin, path, method: 'GET' },
      headers: { authorization: `Bearer ${token}` },
    });
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${await body.text()}`);
    for await (const _chunk of body);
  }

  /** The text, and the token for the next; the text is not parsed, since that is the client's work. */
  async sync(
    member: Account,
    since: string | undefined,
    timeoutMs: number,
  ): Promise<{ text: string; next: string }> {
    const query = new URLSearchParams({ timeout: String(timeoutMs), ...(since && { since }) });
    const { statusCode, body } = await this.#dispatcher.request({
      origin: this.origin,
      path: `/_matrix/client/v3/sync?${query}`,
      method: 'GET',
      headers: { authorization: `Bearer ${member.token}` },
      bodyTimeout: 0,
      headersTimeout: timeoutMs + 300_000,
    });
    const text = await body.text();
    const next = /"next_batch":"([^"]+)"/.exec(text)?.[1];
    if (statusCode !== 200 || next === undefined) throw new Error(`/sync: ${statusCode} ${text}`);
    return { text, next };
  }

  async ask<T extends object>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    json: object | undefined,
    caller?: Account,
  ): Promise<T> {
    const { statusCode, body } = await this.#dispatcher.request({
      origin: this.origin,
      path,
      method,
      headers: {
        'content-type': 'application/json',
        ...(caller && { authorization: `Bearer ${caller.token}` }),
      },
      body: json === undefined ? null : JSON.stringify(json),
    });
    const answer = (await body.json()) as T;
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${JSON.stringify(answer)}`);
    return answer;
  }
}
