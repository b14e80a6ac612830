#!/usr/bin/env python3
"""Adds up what lit, ctest with GoogleTest, and pytest wrote into one folder; used by test/run.sh.

Prints a line per suite, every failed and every skipped test, and last "N passed, N failed". A suite that ended with an
error without naming a failed test (it crashed, or ran nothing) counts as one failure. Exits with 1 if anything failed.

usage: count_results.py FOLDER
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as xml


class Suite:
    def __init__(self, name):
        self.name, self.passed, self.failed, self.skipped = name, 0, [], []


def lit(folder):
    suite = Suite("lit")
    path = folder / "lit.json"
    for test in json.loads(path.read_text())["tests"] if path.exists() else []:
        if test["code"] in ("PASS", "FLAKYPASS", "XFAIL"):
            suite.passed += 1
        elif test["code"] in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"):
            suite.skipped.append(f"{test['name']}: {test['code'].lower()}")
        else:
            suite.failed.append(f"{test['name']}: {test['code']}")
    return suite


def googletest(folder):
    """GoogleTest's own cases where a program wrote them, else ctest's verdict on the whole program."""
    suite = Suite("GoogleTest")
    detailed = {}
    for path in sorted((folder / "googletest").glob("*.json")):
        detailed[path.stem] = [(f"{group['name']}.{case['name']}", case)
                               for group in json.loads(path.read_text())["testsuites"] for case in group["testsuite"]]
    path = folder / "ctest.xml"
    for program in xml.parse(path).getroot().iter("testcase") if path.exists() else []:
        name, status = program.get("name"), program.get("status")
        cases = next((detailed.pop(stem) for stem in (name, f"ingot_{name}_test", f"{name}_test") if stem in detailed), None)
        failed_before = len(suite.failed)
        for case_name, case in cases or []:
            if case.get("failures"):
                suite.failed.append(case_name)
            elif case.get("result") == "SKIPPED" or case.get("status") == "NOTRUN":
                suite.skipped.append(f"{case_name}: " + " ".join(
                    entry.get("message", "").splitlines()[-1] for entry in case.get("skipped", [])))
            else:
                suite.passed += 1
        if status == "fail" and len(suite.failed) == failed_before:
            suite.failed.append(f"{name} (the program)")
        elif cases is None and status == "run":
            suite.passed += 1
        elif cases is None and status not in ("run", "fail"):
            suite.skipped.append(f"{name}: {status}")
    for stem in detailed:
        suite.failed.append(f"{stem}: results that belong to no ctest test")
    return suite


def end_to_end(folder):
    suite = Suite("end to end")
    path = folder / "e2e.xml"
    for case in xml.parse(path).getroot().iter("testcase") if path.exists() else []:
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            suite.failed.append(name)
        elif case.find("skipped") is not None:
            suite.skipped.append(f"{name}: {case.find('skipped').get('message')}")
        else:
            suite.passed += 1
    return suite


def main():
    folder = pathlib.Path(sys.argv[1])
    suites = [lit(folder), googletest(folder), end_to_end(folder)]
    for suite, status in zip(suites, ("lit", "ctest", "e2e")):
        path = folder / f"{status}.status"
        code = path.read_text().strip() if path.exists() else "none"
        if code != "0" and not suite.failed:
            suite.failed.append(f"the {suite.name} run itself (exit {code})")
        if not suite.passed and not suite.failed:
            suite.failed.append("nothing ran")
    for suite in suites:
        for name in suite.skipped:
            print(f"skipped: {suite.name}: {name}")
    for suite in suites:
        for name in suite.failed:
            print(f"FAILED: {suite.name}: {name}")
    for suite in suites:
        print(f"{suite.name}: {suite.passed} passed, {len(suite.failed)} failed, {len(suite.skipped)} skipped")
    failed = sum(len(suite.failed) for suite in suites)
    print(f"{sum(suite.passed for suite in suites)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
