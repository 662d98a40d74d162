import type { Factor } from '../../db/repositories/factors.ts';
import type { Answer, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';
import { anEmail, codesSentTo, Device, registerAndStay } from './devices.ts';

/** A client who has registered and is signed in, with his mailbox and phone. */
export class SignedIn {
  readonly id: number;
  readonly email: string;
  private readonly api: MoneyApi;
  private readonly device: Device;
  /** Codes that were read, by where they went. */
  private readonly read = new Map<string, number>();

  private constructor(api: MoneyApi, device: Device, email: string, id: number) {
    this.id = id;
    this.email = email;
    this.api = api;
    this.device = device;
    this.read.set(email, 1);
  }

  static async up(api: MoneyApi, email = anEmail()): Promise<SignedIn> {
    const device = new Device(api);
    const { clientId } = await registerAndStay(api, device, email);
    return new SignedIn(api, device, email, clientId);
  }

  call(route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.device.call(route, body, headers);
  }

  /** The body of a step that must be fine. */
  step(route: string, body?: unknown): Promise<any> {
    return this.device.step(route, body);
  }

  /** The next code that was not read yet. */
  async code(to = this.email): Promise<string> {
    const before = this.read.get(to) ?? 0;
    const codes = await eventually(async () => {
      const all = codesSentTo(this.api, to);
      return all.length > before ? all : null;
    }, `a code for ${to}`);
    this.read.set(to, codes.length);
    return codes[0]!;
  }

  async turnOn(type: Factor): Promise<void> {
    await turnOn(this.api, this.id, type);
  }
}

/** A second factor that was on before the client signed in. */
export const turnOn = async (api: MoneyApi, clientId: number, type: Factor): Promise<void> => {
  await api.hub.pool.query(`insert into client_factor (client_id, type, create_time) values ($1, $2, '2020-01-01')`, [
    clientId,
    type,
  ]);
};

/** Status and reason of what was refused. */
export const refusal = ({ status, body }: Answer): unknown[] => {
  const [detail] = body.error.details;
  return [status, detail.reason, ...(detail.field ? [detail.field] : [])];
};

export const setBroker = (api: MoneyApi, name: string, value: unknown) =>
  api.hub.pool.query(
    `insert into broker_setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`,
    [name, JSON.stringify(value)],
  );
