import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

const NONCE = 12;
/** Asking for random bytes costs more than sealing a small message: many are asked for at once. */
const nonces = Buffer.alloc(NONCE * 256);
let used = nonces.length;
const nextNonce = (): Buffer => {
  if (used === nonces.length) {
    randomFillSync(nonces);
    used = 0;
  }
  used += NONCE;
  return nonces.subarray(used - NONCE, used);
};

/**
 * AES-256-GCM under a ring of named keys: the first key seals, every key opens. Rotation = put a new key in front.
 * A sealed message is: length of the key id (1 byte) ‖ key id ‖ nonce (12) ‖ tag (16) ‖ ciphertext.
 */
export class KeyRing {
  readonly currentId: string;
  private readonly keys: ReadonlyMap<string, KeyObject>;

  /** `text`: 'id:base64key[,id:base64key]', keys of 32 bytes. */
  constructor(text: string) {
    const entries = text.split(',').map((part): [string, KeyObject] => {
      const [id = '', key = ''] = part.trim().split(':');
      const bytes = Buffer.from(key, 'base64');
      if (!/^[\w-]{1,32}$/.test(id) || bytes.length !== 32)
        throw new Error('a key ring is id:base64 of 32 bytes, comma separated');
      return [id, createSecretKey(bytes)];
    });
    this.keys = new Map(entries);
    this.currentId = entries[0]![0];
  }

  /** Names only; the keys themselves never leave the ring. */
  get ids(): string[] {
    return [...this.keys.keys()];
  }

  has(id: string): boolean {
    return this.keys.has(id);
  }

  /** `purpose` is bound to the message: what was sealed for one purpose does not open for another. */
  seal(plain: Uint8Array, purpose: string): Buffer {
    const id = Buffer.from(this.currentId);
    const nonce = nextNonce();
    const cipher = createCipheriv('aes-256-gcm', this.keys.get(this.currentId)!, nonce);
    cipher.setAAD(Buffer.from(purpose));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.from([id.length]), id, nonce, cipher.getAuthTag(), body]);
  }

  /** Throws when the key is unknown or the message was changed. */
  open(sealed: Uint8Array, purpose: string): Buffer {
    const bytes = Buffer.from(sealed);
    const idEnd = 1 + (bytes[0] ?? 0);
    const id = bytes.subarray(1, idEnd).toString();
    const key = this.keys.get(id);
    if (!key) throw new Error(`sealed with key '${id.slice(0, 32)}', which is not in the ring`);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(idEnd, idEnd + NONCE));
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(idEnd + 12, idEnd + 28));
    return Buffer.concat([decipher.update(bytes.subarray(idEnd + 28)), decipher.final()]);
  }

  /** Keyed hashes by which equal texts are known without being kept: the first key's first, then those of keys used before. */
  marks(text: string, purpose: string): [Buffer, ...Buffer[]] {
    const marks = [...this.keys.values()].map((key) => createHmac('sha256', key).update(`${purpose}:${text}`).digest());
    return marks as [Buffer, ...Buffer[]];
  }
}
