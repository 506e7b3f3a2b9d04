import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';

/** A bot as the guide of matrix-bot-sdk has it: joins where it is invited, and says after people what they tell it. */

interface Client {
  readonly crypto: { readonly isReady: boolean };
  on(event: 'room.message', heard: (roomId: string, event: Message) => Promise<void>): void;
  on(event: 'room.failed_decryption', failed: (roomId: string, event: Message) => void): void;
  start(): Promise<void>;
  getUserId(): Promise<string>;
  sendText(roomId: string, text: string): Promise<string>;
}

interface Message {
  readonly event_id: string;
  readonly sender: string;
  readonly content?: { readonly msgtype?: string; readonly body?: string };
}

type Ask = (
  asked: { readonly method: string; readonly uri: string },
  done: (error: Error | null, answer?: { readonly statusCode: number }, body?: unknown) => void,
) => void;

interface BotSdk {
  getRequestFn(): Ask;
  setRequestFn(ask: Ask): void;
  readonly LogService: { muteModule(name: string): void; setLevel(level: string): void };
  readonly LogLevel: { readonly WARN: string };
  readonly MatrixAuth: new (
    url: string,
  ) => { passwordLogin(user: string, password: string): Promise<{ accessToken: string }> };
  readonly MatrixClient: new (
    url: string,
    token: string,
    storage: object,
    cryptoStorage: object,
  ) => Client;
  readonly SimpleFsStorageProvider: new (file: string) => object;
  readonly RustSdkCryptoStorageProvider: new (folder: string, type: number) => object;
  readonly AutojoinRoomsMixin: { setupOnClient(client: Client): void };
}

const here = import.meta.dirname;
const crypto = join(here, 'bot-sdk-crypto.ts');
registerHooks({
  resolve: (name, context, next) =>
    next(name === '@matrix-org/matrix-sdk-crypto-nodejs' ? crypto : name, context),
});
const require = createRequire(join(here, '../../../.cache/clients/bot-sdk/package.json'));
const sdk = require('matrix-bot-sdk') as BotSdk;
const { StoreType } = (await import('./bot-sdk-crypto.ts')) as { StoreType: { Sqlite: number } };

const tell = (what: object) => console.log(JSON.stringify({ ...what, at: Date.now() }));

/**
 * As whoever presses "try again" does: as the same transaction. By itself the library asks nothing again but /sync, and a bot that hears of no
 * answer ends. Nothing that is asked behind the login takes effect twice.
 */
const askOnce = sdk.getRequestFn();
const askAgain: Ask = (asked, done) =>
  askOnce(asked, (error, answer, body) => {
    const isLost = error !== null || answer!.statusCode >= 500;
    if (!isLost || asked.uri.endsWith('/sync')) return done(error, answer, body);
    tell({ again: asked.uri, why: error?.message ?? answer!.statusCode });
    setTimeout(() => askAgain(asked, done), AGAIN_AFTER_MS);
  });
const AGAIN_AFTER_MS = 1_000;
const [url, user, password, folder] = process.argv.slice(2) as [string, string, string, string];
sdk.LogService.setLevel(sdk.LogLevel.WARN);
const { accessToken } = await new sdk.MatrixAuth(url).passwordLogin(user, password);
sdk.setRequestFn(askAgain);
const client = new sdk.MatrixClient(
  url,
  accessToken,
  new sdk.SimpleFsStorageProvider(join(folder, 'bot.json')),
  new sdk.RustSdkCryptoStorageProvider(join(folder, 'crypto'), StoreType.Sqlite),
);
sdk.AutojoinRoomsMixin.setupOnClient(client);

client.on('room.failed_decryption', (_roomId, { event_id, sender }) =>
  tell({ unreadable: event_id, sender }),
);
client.on('room.message', async (roomId, { sender, content }) => {
  if (sender === (await client.getUserId()) || content?.msgtype !== 'm.text') return;
  const body = content.body ?? '';
  tell({ heard: body, sender });
  if (!body.startsWith('!say ')) return;
  const [said, asked] = [body.slice('!say '.length), Date.now()];
  await client.sendText(roomId, said);
  tell({ said, asked });
});

await client.start();
tell({ ready: user });
