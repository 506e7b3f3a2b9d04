import { askPassword } from '../../failover/cli/ask-password.ts';
import { typed } from '../../failover/cli/terminal.ts';

// A program for a terminal that a test holds: asks one question of failover/main.ts, and says what it was answered.

const ask = process.argv[2] === 'password' ? askPassword : typed;
const answer = await ask('Who goes there? ').then((said) => JSON.stringify(said), String);
console.log(`answered: ${answer}`);
