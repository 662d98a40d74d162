/** Version 2, which B2Core's apps use, brings no types: what is used of it here. */
declare module 'socket.io-client' {
  interface ClientSocket {
    connected: boolean;
    on(event: string, hear: (...said: any[]) => void): void;
    emit(event: string, ...said: unknown[]): void;
    close(): void;
    io: { engine: { transport: { name: string } } };
    /** Hears every packet. */
    onevent(packet: { data: unknown[] }): void;
  }
  export default function connect(
    url: string,
    options: { forceNew: boolean; transports?: string[]; reconnection?: boolean },
  ): ClientSocket;
}
