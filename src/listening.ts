/** Where the service is reached: as configured, or where it listens, once it does. */
export class Listening {
  readonly known: Promise<string>;
  is: (address: string) => void = () => {};

  constructor(configured: string | undefined) {
    this.known =
      configured === undefined
        ? new Promise((resolve) => {
            this.is = resolve;
          })
        : Promise.resolve(configured);
  }
}
