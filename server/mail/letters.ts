import { RefusedForGood, type Text } from './outbox.ts';

/** What is written, by what it is about: `{{name}}` is filled in. */
export type Letters = Readonly<Record<string, Text>>;

export const LANGUAGES = ['en', 'pt'] as const;
export type Language = (typeof LANGUAGES)[number];

export const LETTER_KINDS = [
  'confirm-registration',
  'confirm-address',
  'confirm-reset',
  'address-in-use',
  'no-account',
  'password-changed',
] as const;
export type LetterKind = (typeof LETTER_KINDS)[number];

/** A kind that only a later release knows is nobody's to send. */
export function filledIn(letters: Letters, kind: string, values: Readonly<Record<string, string>>) {
  const letter = Object.hasOwn(letters, kind) ? letters[kind] : undefined;
  if (!letter) throw new RefusedForGood(`This release has no e-mail of the kind ${kind}`);
  return { subject: filled(letter.subject, values), text: filled(letter.text, values) };
}

const filled = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : whole,
  );

const IN_ENGLISH: Readonly<Record<LetterKind, Text>> = {
  'confirm-registration': {
    subject: 'Confirm your address for {{server}}',
    text: `Hello,

somebody, probably you, wants to make an account on {{server}} with this e-mail address.
To confirm that the address is yours, open this page and press its button:

{{link}}

The link holds for an hour. If it was not you, do nothing: then nothing happens.
`,
  },
  'confirm-address': {
    subject: 'Confirm your address for {{server}}',
    text: `Hello,

somebody, probably you, wants to add this e-mail address to an account on {{server}}.
Whoever has that account will be able to log in with the address. To confirm that it is yours, open this page and press its button:

{{link}}

The link holds for an hour. If it was not you, do nothing: then nothing happens.
`,
  },
  'confirm-reset': {
    subject: 'A new password for {{user}}',
    text: `Hello,

somebody, probably you, wants a new password for {{user}}.
To allow that, open this page and press its button; then go back to your app:

{{link}}

The link holds for an hour. If it was not you, DO NOT press the button: whoever asked for this would get into your account. Without it nothing happens.
`,
  },
  'address-in-use': {
    subject: 'Your address on {{server}}',
    text: `Hello,

somebody, probably you, gave this e-mail address to {{server}} for an account. There is one by it already: {{user}}.
Log in with that account. If you have forgotten its password, ask for a new one in your app.

If it was not you, there is nothing for you to do.
`,
  },
  'no-account': {
    subject: 'Your address on {{server}}',
    text: `Hello,

somebody, probably you, asked {{server}} for a new password with this e-mail address. There is no account by this address.
If you have one, you gave another address to it, or none.

If it was not you, there is nothing for you to do.
`,
  },
  'password-changed': {
    subject: 'The password of {{user}} was changed',
    text: `Hello,

the password of {{user}} was changed just now.

If it was not you, ask for a new password in your app at once, and tell whoever runs {{server}}.
`,
  },
};

const IN_PORTUGUESE: Readonly<Record<LetterKind, Text>> = {
  'confirm-registration': {
    subject: 'Confirme o seu endereço em {{server}}',
    text: `Olá,

alguém, provavelmente você, quer criar uma conta em {{server}} com este endereço de e-mail.
Para confirmar que o endereço é seu, abra esta página e pressione o botão:

{{link}}

O link vale por uma hora. Se não foi você, não faça nada: nada acontecerá.
`,
  },
  'confirm-address': {
    subject: 'Confirme o seu endereço em {{server}}',
    text: `Olá,

alguém, provavelmente você, quer acrescentar este endereço de e-mail a uma conta em {{server}}.
Quem tem essa conta poderá entrar com o endereço. Para confirmar que ele é seu, abra esta página e pressione o botão:

{{link}}

O link vale por uma hora. Se não foi você, não faça nada: nada acontecerá.
`,
  },
  'confirm-reset': {
    subject: 'Uma nova senha para {{user}}',
    text: `Olá,

alguém, provavelmente você, quer uma nova senha para {{user}}.
Para permitir isso, abra esta página e pressione o botão; depois volte ao seu aplicativo:

{{link}}

O link vale por uma hora. Se não foi você, NÃO pressione o botão: quem pediu entraria na sua conta. Sem isso nada acontece.
`,
  },
  'address-in-use': {
    subject: 'O seu endereço em {{server}}',
    text: `Olá,

alguém, provavelmente você, deu este endereço de e-mail a {{server}} para uma conta. Já existe uma com ele: {{user}}.
Entre com essa conta. Se esqueceu a senha, peça uma nova no seu aplicativo.

Se não foi você, não precisa fazer nada.
`,
  },
  'no-account': {
    subject: 'O seu endereço em {{server}}',
    text: `Olá,

alguém, provavelmente você, pediu a {{server}} uma nova senha com este endereço de e-mail. Não há conta com este endereço.
Se você tem uma, deu a ela outro endereço, ou nenhum.

Se não foi você, não precisa fazer nada.
`,
  },
  'password-changed': {
    subject: 'A senha de {{user}} foi mudada',
    text: `Olá,

a senha de {{user}} foi mudada agora.

Se não foi você, peça já uma nova senha no seu aplicativo e avise quem administra {{server}}.
`,
  },
};

export const LETTERS: Readonly<Record<Language, Readonly<Record<LetterKind, Text>>>> = {
  en: IN_ENGLISH,
  pt: IN_PORTUGUESE,
};
