import connect, { type ClientSocket } from 'socket.io-client';
import { eventually } from '../kit/hub.ts';

interface Heard {
  name: string;
  channel: string;
  payload: any;
}

/** An app of a client that listens, with the library such apps use. */
export class ListeningApp {
  readonly heard: Heard[] = [];
  readonly socket: ClientSocket;
  /** Why the connection ended. After 'io server disconnect' apps do not connect again. */
  ended: string | undefined;

  constructor(url: string, transports?: string[]) {
    this.socket = connect(url, { forceNew: true, reconnection: false, ...(transports && { transports }) });
    this.socket.on('disconnect', (why: string) => (this.ended = why));
    const pass = this.socket.onevent.bind(this.socket);
    this.socket.onevent = (packet) => {
      const [name, channel, payload] = packet.data as [string, string, unknown];
      this.heard.push({ name, channel, payload });
      pass(packet);
    };
  }

  get transport(): string {
    return this.socket.io.engine.transport.name;
  }

  /** Subscribes; answers what came of it: 'ok', or the status of the refusal. */
  async subscribe(channel: string, headers: Record<string, string> = {}, more: object = {}): Promise<'ok' | number> {
    const before = this.heard.length;
    const verdict = () =>
      this.heard
        .slice(before)
        .find((one) => one.channel === channel && /^subscription_(succeeded|error)$/.test(one.name));
    this.socket.emit('subscribe', { channel, auth: { headers }, ...more });
    await eventually(async () => verdict() !== undefined, `an answer about ${channel}`);
    return verdict()!.name === 'subscription_succeeded' ? 'ok' : (verdict()!.payload as number);
  }

  /** To what is a client's own. */
  listenTo({ id, token }: { id: number; token: string }, more: object = {}): Promise<'ok' | number> {
    return this.subscribe(`private-frontend_users.${id}`, { Authorization: `Bearer ${token}` }, more);
  }

  /** The first message of this name that fits. */
  async hears(name: string, fits: (payload: any) => boolean = () => true): Promise<any> {
    const found = () => this.heard.find((one) => one.name === name && fits(one.payload));
    await eventually(async () => found() !== undefined, `${name} to be heard`);
    return found()!.payload;
  }

  names(): string[] {
    return this.heard.map(({ name }) => name);
  }

  async isCut(): Promise<void> {
    await eventually(async () => !this.socket.connected, 'the connection to be closed');
  }

  close(): void {
    this.socket.close();
  }
}
