"""`/health/` for load balancers and the runner: JSON, 200 when all works, else 503."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable
from health_check.views import HealthCheckView

from embedsite import status


@dataclass
class Check(HealthCheck):  # type: ignore[misc]
    """Runs one check of `status` as a health check, on the request's own connection."""

    name: str

    async def run(self) -> None:
        try:
            await sync_to_async(getattr(status, self.name))()
        except status.PartDownError as error:
            raise ServiceUnavailable(str(error)) from error


class Health(HealthCheckView):  # type: ignore[misc]
    """`{"database": "OK", "broker": "OK", "worker": "none runs; ...", "model": "OK"}`, and
    `"reranker"` where one is set, without which the site is whole all the same."""

    async def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        results = [await Check(name=name).get_result() for name in status.part_names()]
        failed = any(r.error for r in results if r.check.name in status.NEEDED)
        return JsonResponse(
            {r.check.name: r.error.message if r.error else "OK" for r in results},
            status=HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK,
        )
