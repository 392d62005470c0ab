"""Buys from a terminal, as an example of how a back end uses openrun_client:

    python3 buy.py BASE ROUND AMOUNT_WON STATE_FILE ACCOUNT < token

It may be ended at any moment and started again with the same file: it goes on, and buys once.
Exit code 0: bought; 1: the person has to decide something, or there is nothing to be had.
"""

import json
import sys

from openrun_client import Keep, OpenrunClient, Refused


def show(view):
    eta, number = view["eta"], view["number"]
    wait = f"{eta['p50_s']:.0f} to {eta['p90_s']:.0f} s" if eta else "unknown"
    place = "" if number is None else f", number {number}, {view['ahead']} ahead"
    print(f"{view['state']}{place}, wait {wait}, outlook {view['outlook']}", file=sys.stderr)
    for message in [*view["notices"], view["interruption"]]:
        if message:
            print(message["ko"], file=sys.stderr)


def main():
    if len(sys.argv) != 6:
        print("usage: python3 buy.py BASE ROUND AMOUNT_WON STATE_FILE ACCOUNT < token",
              file=sys.stderr)
        return 2
    base, round_id, amount, file, account = sys.argv[1:]
    token = sys.stdin.read().strip()  # An app asks its own back end, again when it ran out.
    client = OpenrunClient(base, round_id, Keep(file), lambda again: token, account, show=show,
                           note=lambda text: print(text, file=sys.stderr))
    try:
        state, purchase = client.buy(int(amount))
        said = {"state": state, "purchase": purchase}
    except Refused as refused:
        said = {"state": "refused", "problem": refused.problem}
    print(json.dumps(said, ensure_ascii=False))
    return 0 if said["state"] == "bought" else 1


if __name__ == "__main__":
    sys.exit(main())
