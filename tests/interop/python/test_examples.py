"""The examples for Python, Node and Rust, as their users run them: alone, at a full server, at servers that restart."""

import json
import os
import subprocess
import threading
import time
import unittest

from calls import MARCH, TEXT, article, classification, open_stream, until
from bayeswire.v1 import classification_service_pb2 as messages
from server import PATIENCE, Server

EXAMPLES = {
    "Python": (["python", f"{os.environ['BAYESWIRE_REPOSITORY']}/examples/python/classify.py"], ""),
    "Node": (["node", f"{os.environ['BAYESWIRE_NODE_EXAMPLE']}/classify.mjs"], ""),
    "Rust": ([os.environ["BAYESWIRE_RUST_EXAMPLE"]], "http://"),
}


def line(text):
    return json.dumps({"title": "", "text": text}) + "\n"


class Example:
    """An example under way: what is said to it, and what it has answered."""

    def __init__(self, language, *addresses, stderr=subprocess.PIPE):
        command, scheme = EXAMPLES[language]
        pipe = subprocess.PIPE
        command = [*command, *(scheme + address for address in addresses)]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, text=True)

    def run(self, *texts):
        """Exit status, lines of answers, and everything that went wrong."""
        answers, errors = self.process.communicate("".join(map(line, texts)), timeout=PATIENCE)
        return self.process.returncode, answers.splitlines(), errors


class Examples(unittest.TestCase):
    def test_answers_abstentions_and_errors(self):
        with Server() as server:
            for language in EXAMPLES:
                with self.subTest(language):
                    status, answers, errors = Example(language, server.address).run(TEXT, "Peace.", " ", MARCH)
                    self.assertEqual([a.split()[0] for a in answers], ["diplomacy", "none", "protest"], errors)
                    self.assertRegex(answers[0], r"^diplomacy [01]\.\d{3}$")
                    self.assertEqual(status, 1)
                    # Of the article that was empty: message, reason, and the field that was wrong.
                    self.assertRegex(errors, r"(?i)^invalid_?argument: article\.text: is empty\n  reason ARTICLE_TEXT_EMPTY")
                    self.assertIn("\n  article.text: is empty (ARTICLE_TEXT_EMPTY)\n", errors)

    def test_no_server(self):
        with Server() as server:
            address = server.address
        for language in EXAMPLES:
            with self.subTest(language):
                status, answers, errors = Example(language, address).run(TEXT)
                self.assertEqual((status, answers), (1, []))
                self.assertRegex(errors, r"(?i)^unavailable: ")

    def test_a_full_server_is_called_again_when_it_says(self):
        for language in EXAMPLES:
            with self.subTest(language), Server("--concurrency-limit", 1) as server, server.channel() as channel:
                example = Example(language, server.address)
                with open_stream(classification(channel)) as (send, answers):
                    send(messages.StreamClassifyArticlesRequest(article=article()))
                    next(answers)
                    example.process.stdin.write(line(TEXT))
                    example.process.stdin.flush()
                    until(lambda: server.metric("bayeswire_shed_total") > 0, "a call was refused")
                status, answers, errors = example.run()
                self.assertEqual((status, [a.split()[0] for a in answers]), (0, ["diplomacy"]), errors)

    def test_no_call_fails_while_servers_restart_one_by_one(self):
        # An address where no other program's connections begin, so that its port is still free after a restart.
        def start(address="127.0.0.2:0"):
            # As in production: not serving first, so that callers go elsewhere, then gone.
            return Server("--drain-delay", 0.3, address=address)

        servers = [start(), start()]
        self.addCleanup(lambda: [server.process.kill() for server in servers])
        addresses = [server.address for server in servers]
        # What a call complains of comes where its answer would, so that nobody waits for an answer that never comes.
        examples = {language: Example(language, *addresses, stderr=subprocess.STDOUT) for language in EXAMPLES}
        answered = dict.fromkeys(EXAMPLES, 0)
        failed = []
        restarted = threading.Event()

        def feed(language):
            # One article after the other, as fast as answers come.
            process = examples[language].process
            while not restarted.is_set():
                began = time.monotonic()
                process.stdin.write(line(TEXT))
                process.stdin.flush()
                answer = process.stdout.readline()
                if not answer.startswith("diplomacy "):
                    failed.append(f"{language}, after {time.monotonic() - began:.1f} s: {answer}")
                    return
                answered[language] += 1

        # A machine that stands still for longer than a call may take fails calls; then the message says so.
        standstill = [0]

        def watch_the_clock():
            while not restarted.is_set():
                before = time.monotonic()
                time.sleep(0.02)
                standstill[0] = max(standstill[0], time.monotonic() - before)

        threading.Thread(target=watch_the_clock, daemon=True).start()
        feeders = [threading.Thread(target=feed, args=(language,), daemon=True) for language in EXAMPLES]
        for feeder in feeders:
            feeder.start()
        self.addCleanup(lambda: [example.process.kill() for example in examples.values()])

        def wait_for_calls(when):
            before = dict(answered)
            goes_on = lambda: failed or all(answered[l] >= before[l] + 50 for l in EXAMPLES)
            until(goes_on, lambda: f"50 more calls each {when}: {before}, {answered}", PATIENCE)
            self.assertEqual(failed, [], f"{when}; the longest standstill of this process: {standstill[0]:.1f} s")

        wait_for_calls("at first")
        for i, address in enumerate(addresses):
            servers[i].stop()
            wait_for_calls(f"without server {i}")
            servers[i] = start(address)
            wait_for_calls(f"with server {i} again")
        restarted.set()
        for feeder in feeders:
            feeder.join()
        for language, example in examples.items():
            with self.subTest(language):
                self.assertEqual(example.run(), (0, [], None))
        for server in servers:
            # The one that had restarted has work again.
            self.assertGreater(server.metric(OK), 0)
            server.stop()


OK = 'bayeswire_rpcs_total{code="OK",rpc="/bayeswire.v1.ClassificationService/ClassifyArticle"}'

if __name__ == "__main__":
    unittest.main()
