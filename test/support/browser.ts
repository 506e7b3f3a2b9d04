/** Where a browser ended up: at a page, or before an address that is none of the servers'. */
export interface Seen {
  readonly url: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

interface Cookie {
  readonly origin: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

const HOPS_MAX = 20;

/** As much of a browser as signing in needs: cookies, redirects and forms. No script runs. */
export class Browser {
  cookies: readonly Cookie[] = [];
  /** By the origin that stands in addresses, that of the server that answers for it. */
  readonly #servers: Readonly<Record<string, string>>;

  constructor(servers: Readonly<Record<string, string>>) {
    this.#servers = servers;
  }

  async open(url: string, init: RequestInit = {}): Promise<Seen> {
    let [at, asked] = [new URL(url), init];
    for (let hop = 0; hop < HOPS_MAX; hop += 1) {
      const answer = await this.#ask(at, asked);
      const location = answer?.headers.get('location');
      if (!answer || location == null) return seen(at, answer, await answer?.text());
      [at, asked] = [new URL(location, at), {}];
    }
    throw new Error(`${url} leads in a circle`);
  }

  /** The form of the page, with what is typed into it. */
  submit({ url, text }: Seen, typed: Record<string, string> = {}): Promise<Seen> {
    const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1] ?? url;
    const inputs = [...text.matchAll(/<input[^>]*>/g)].map(([input]) => input);
    const given = inputs.flatMap((input) => {
      const [name, value] = ['name', 'value'].map(
        (key) => new RegExp(` ${key}="([^"]*)"`).exec(input)?.[1],
      );
      return name === undefined ? [] : [[name, value ?? '']];
    });
    const body = new URLSearchParams({ ...Object.fromEntries(given), ...typed });
    return this.open(new URL(action, url).href, { method: 'POST', body });
  }

  async #ask(at: URL, init: RequestInit): Promise<Response | undefined> {
    const origin = at.protocol === 'http:' ? (this.#servers[at.origin] ?? at.origin) : undefined;
    const server = this.#servers[at.origin] ?? origin;
    if (server === undefined) return undefined;
    const mine = this.cookies.filter(
      (each) => each.origin === at.origin && at.pathname.startsWith(each.path),
    );
    const cookie = mine.map(({ name, value }) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${server}${at.pathname}${at.search}`, {
      ...{ ...init, redirect: 'manual' },
      headers: { host: at.host, ...(cookie !== '' && { cookie }) },
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line, at);
    return answer;
  }

  #keep(line: string, { origin }: URL): void {
    const [pair = '', ...attributes] = line.split(/; */);
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/';
    const others = this.cookies.filter(
      (each) => each.origin !== origin || each.name !== name || each.path !== path,
    );
    this.cookies = value === '' ? others : [...others, { origin, path, name, value }];
  }
}

const seen = (at: URL, answer: Response | undefined, text = ''): Seen => ({
  url: at.href,
  ...{ status: answer?.status ?? 0, text, headers: answer?.headers ?? new Headers() },
});
